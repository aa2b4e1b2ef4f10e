// Makes the key file of the bridge: signing keys (RS256, 2048 bit) and cookie keys, newest first.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Keys, keysSchema, toSigningKey } from '../../src/config/keys.ts';

/** Old ones verify until everything that they signed is over. */
const GENERATIONS = 2;

/** Made by node:crypto, not jose: the same key, and callers need not wait. */
export function createKeys(): Keys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return keysSchema.parse({
    signing: [toSigningKey(privateKey)],
    cookies: [randomBytes(32).toString('base64url')],
  });
}

/** A new generation in front; what is older than two generations is dropped. */
export function rotateKeys(old: Keys): Keys {
  const fresh = createKeys();
  return {
    signing: [...fresh.signing, ...old.signing].slice(0, GENERATIONS),
    cookies: [...fresh.cookies, ...old.cookies].slice(0, GENERATIONS),
  };
}
