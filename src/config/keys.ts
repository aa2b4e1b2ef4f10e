// The key file: signing keys (JWKS) and cookie keys of the bridge, two generations, made by `npm run admin -- keys new|rotate`.
import { z } from 'zod';

const privateRsaKey = z.looseObject({
  kty: z.literal('RSA'),
  kid: z.string().min(1),
  n: z.string(),
  e: z.string(),
  d: z.string(),
});

export const keysSchema = z.strictObject({
  /** The first signs; the others still verify. */
  signing: z.array(privateRsaKey).min(1).max(4),
  /** The first signs cookies; the others are still accepted. */
  cookies: z.array(z.string().min(32)).min(1).max(4),
});

export type Keys = z.output<typeof keysSchema>;
