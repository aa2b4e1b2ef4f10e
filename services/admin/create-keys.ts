// Makes the key file of the bridge: signing keys (RS256, 2048 bit) and cookie keys, newest first.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Keys, keysSchema } from '../../src/config/keys.ts';

/** Old ones verify until everything that they signed is over. */
const GENERATIONS = 2;

/** Made by node:crypto, not jose: the same key, and callers need not wait. */
export function createKeys(): Keys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  // RFC 7638: the thumbprint of the public members, in this order.
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }))
    .digest('base64url');
  return keysSchema.parse({
    signing: [{ ...jwk, kid: thumbprint.slice(0, 16), use: 'sig', alg: 'RS256' }],
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
