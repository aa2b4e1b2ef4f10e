// The provider makes its addresses from Host, X-Forwarded-* and an absolute request target: forged ones would give forged endpoints (bridge.md 1). So they are set to the issuer's.
import type { RequestHandler } from 'express';

export function pinHost(issuer: string): RequestHandler {
  const { host, protocol } = new URL(issuer);
  return (req, _res, next) => {
    req.headers.host = host;
    req.headers['x-forwarded-proto'] = protocol.replace(':', '');
    delete req.headers['x-forwarded-host'];
    delete req.headers['x-forwarded-port'];
    delete req.headers.forwarded;
    // `GET http://other.example/auth HTTP/1.1` (RFC 9112, 3.2.2): only its path counts.
    if (!req.url.startsWith('/')) {
      const target = URL.parse(req.url);
      req.url = target ? `${target.pathname}${target.search}` : '/';
      req.originalUrl = req.url;
    }
    next();
  };
}
