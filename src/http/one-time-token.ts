// Random tokens that a browser or a person carries, and the hash under which they are stored: who reads the database can use none.
import { createHash, randomBytes } from 'node:crypto';

/** 256 bits; fits a cookie and a URL. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url');
