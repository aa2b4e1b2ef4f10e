// The few pages of the bridge, rendered on the server; no script at all.
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Response } from 'express';
import type { Config } from '../../src/config/config.ts';
import { currentRequestId } from '../../src/http/request-id.ts';

export interface PageLink {
  readonly label: string;
  readonly href: string;
}

export interface MessagePage {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly links: readonly PageLink[];
  /** Shown for support, when something failed. */
  readonly showRequestId?: boolean;
}

export interface LoginLinkPage {
  readonly fullName: string;
  readonly action: string;
}

export interface Pages {
  readonly renderMessage: (page: MessagePage) => string;
  readonly sendMessage: (res: Response, status: number, page: MessagePage) => void;
  readonly sendLoginLink: (res: Response, page: LoginLinkPage) => void;
  /** Where every dead end begins again. */
  readonly beginAgain: PageLink;
}

export function createPages(config: Config): Pages {
  const eta = new Eta({ views: fileURLToPath(new URL('./views', import.meta.url)), cache: true });
  const site = { site: config.site.name, contact: config.site.contact };
  const send = (res: Response, status: number, html: string): void => {
    res.status(status).set('Cache-Control', 'no-store').type('html').send(html);
  };
  const renderMessage = (page: MessagePage): string =>
    eta.render('message', { ...site, ...page, requestId: page.showRequestId ? currentRequestId() : undefined });
  return {
    renderMessage,
    sendMessage: (res, status, page) => send(res, status, renderMessage(page)),
    sendLoginLink: (res, page) => send(res, 200, eta.render('login-link', { ...site, ...page })),
    beginAgain: { label: 'Begin again', href: `${config.hub.publicUrl}/hub/oauth_login` },
  };
}
