// Sign-in addresses answer top-level navigations only (bridge-hosts.md 5): a script, a frame or an image gets 403.
import type { RequestHandler } from 'express';

/** Absent headers pass: Chromium sends them only to https and localhost, old browsers and HTTP clients never. */
export function isTopLevelNavigation(mode: string | undefined, destination: string | undefined): boolean {
  return (mode === undefined || mode === 'navigate') && (destination === undefined || destination === 'document');
}

/** @param refuse answers the request; its status should be 403. */
export function navigationOnly(refuse: RequestHandler): RequestHandler {
  return (req, res, next) => {
    if (isTopLevelNavigation(req.get('sec-fetch-mode'), req.get('sec-fetch-dest'))) next();
    else refuse(req, res, next);
  };
}
