// The provider makes its addresses from Host and X-Forwarded-*: a forged Host would give forged endpoints (bridge.md 1). So they are set to the issuer's.
import type { RequestHandler } from 'express';

export function pinHost(issuer: string): RequestHandler {
  const { host, protocol } = new URL(issuer);
  return (req, _res, next) => {
    req.headers.host = host;
    req.headers['x-forwarded-proto'] = protocol.replace(':', '');
    delete req.headers['x-forwarded-host'];
    delete req.headers['x-forwarded-port'];
    delete req.headers.forwarded;
    next();
  };
}
