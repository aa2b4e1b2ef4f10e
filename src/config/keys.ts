// The key file: signing keys and cookie keys of the bridge, two generations, made by `npm run admin -- keys new|rotate` or by the Helm chart.
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

const privateRsaKey = z.looseObject({
  kty: z.literal('RSA'),
  kid: z.string().min(1),
  n: z.string(),
  e: z.string(),
  d: z.string(),
});

/** Helm's functions make PEM; everybody else writes JWKs. */
const pemKey = z.string().transform((pem, context) => {
  try {
    return privateRsaKey.parse(toSigningKey(createPrivateKey(pem)));
  } catch {
    // The cause may quote the key.
    context.addIssue({ code: 'custom', message: 'is not a private RSA key in PEM' });
    return z.NEVER;
  }
});

export const keysSchema = z.strictObject({
  /** The first signs; the others still verify. */
  signing: z
    .array(z.union([privateRsaKey, pemKey]))
    .min(1)
    .max(4),
  /** The first signs cookies; the others are still accepted. */
  cookies: z.array(z.string().min(32)).min(1).max(4),
});

export type Keys = z.output<typeof keysSchema>;

/** The JWK (RS256) of a private RSA key; its id is made from the public half, so the same key always has the same id. */
export function toSigningKey(key: KeyObject): Record<string, unknown> {
  const jwk = key.export({ format: 'jwk' });
  // RFC 7638: the thumbprint of the public members, in this order.
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }))
    .digest('base64url');
  return { ...jwk, kid: thumbprint.slice(0, 16), use: 'sig', alg: 'RS256' };
}
