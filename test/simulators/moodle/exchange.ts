// What every page of the simulator gets: the fields as PHP read them, and the few ways in which Moodle answers.
import type { Request, Response } from 'express';
import type { MoodleSite } from './model.ts';
import { escapeHtml, type PhpArray, phpFields, phpJson } from './php-values.ts';

export interface Simulation {
  readonly site: MoodleSite;
  /** Known once the server listens. */
  wwwroot: string;
  readonly now: () => Date;
}

export const nowSeconds = (simulation: Simulation): number => Math.floor(simulation.now().getTime() / 1000);

export interface Fields {
  readonly query: PhpArray;
  readonly post: PhpArray;
}

/** Reads query and body as PHP fills $_GET and $_POST: a JSON or any other body leaves $_POST empty (moodle.md 2.1). */
export function fieldsOf(request: Request, maxInputVars: number): Fields {
  const cut = request.originalUrl.indexOf('?');
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return {
    query: phpFields(cut < 0 ? '' : request.originalUrl.slice(cut + 1), maxInputVars),
    post: phpFields(isForm && typeof request.body === 'string' ? request.body : '', maxInputVars),
  };
}

/** Moodle's required_param / optional_param for text: POST wins over GET; an array counts as missing here. */
export function textField(fields: Fields, name: string): string | undefined {
  const value = fields.post[name] ?? fields.query[name];
  return typeof value === 'string' ? value : undefined;
}

const SESSION_CACHE = 'no-store, no-cache, must-revalidate';
const PAGE_CACHE = 'private, pre-check=0, post-check=0, max-age=0, no-transform';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends bytes as they are: express would add a charset to JSON, which Moodle's answers do not have. */
export function send(response: Response, answer: Answer): void {
  response.statusCode = answer.status;
  response.setHeader('Content-Type', answer.contentType);
  response.setHeader('Cache-Control', answer.cacheControl);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.end(Buffer.from(answer.body, 'utf8'));
}

/** JSON in the way of the plugin's OAuth library; `no-store` is its errors' and tokens' cache rule. */
export function sendJson(
  response: Response,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, {
    status,
    contentType: 'application/json',
    cacheControl: 'no-store',
    body: body === undefined ? '' : phpJson(body),
    headers,
  });
}

const STYLE = `
body{margin:0;font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;background:#f2f4f7;color:#1d2125}
header{background:#fff;border-bottom:1px solid #dee2e6;padding:.9rem 1.5rem;font-weight:600}
main{max-width:26rem;margin:3rem auto;background:#fff;border:1px solid #dee2e6;border-radius:.6rem;padding:2rem}
h1{font-size:1.4rem;margin:0 0 1.2rem}label{display:block;margin:.8rem 0 .25rem}
input[type=text],input[type=password]{width:100%;box-sizing:border-box;font:inherit;padding:.5rem .7rem;border:1px solid #8f959e;border-radius:.4rem}
.btn{font:inherit;border:0;border-radius:.4rem;padding:.55rem 1.1rem;margin:1.2rem .5rem 0 0;cursor:pointer;background:#e9ecef;color:#1d2125;text-decoration:none;display:inline-block}
.btn-primary{background:#0f6cbf;color:#fff}.alert{background:#f8d7da;color:#58151c;border-radius:.4rem;padding:.7rem 1rem}
footer{text-align:center;color:#6a737b;font-size:.85rem}`;

export function page(site: MoodleSite, title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>
<body><header>${escapeHtml(site.name)}</header><main>${content}</main><footer>Simulated Moodle ${escapeHtml(site.release)}</footer></body></html>`;
}

export function sendPage(response: Response, status: number, html: string): void {
  send(response, {
    status,
    contentType: 'text/html; charset=utf-8',
    cacheControl: PAGE_CACHE,
    body: html,
    headers: { 'X-Frame-Options': 'sameorigin' },
  });
}

/** Moodle's error page for a bad parameter: HTTP 404. */
export function sendErrorPage(response: Response, site: MoodleSite, sentence: string): void {
  sendPage(
    response,
    404,
    page(site, `Error | ${site.shortname}`, `<h1>Error</h1><p class="alert">${escapeHtml(sentence)}</p>`),
  );
}

/** A Location header takes printable ASCII only; the rest is what Moodle concatenated without encoding (moodle.md 1.7). */
const headerSafe = (url: string): string => url.replaceAll(/[^\u0021-\u007e]+/gu, (part) => encodeURIComponent(part));

/** Moodle's redirect(): 303 with a small HTML page. */
export function redirect(response: Response, url: string, contentType = 'text/html; charset=utf-8'): void {
  send(response, {
    status: 303,
    contentType,
    cacheControl: SESSION_CACHE,
    headers: { Location: headerSafe(url) },
    body: `<!DOCTYPE html><html lang="en"><head><title>Redirect</title></head><body>This page should automatically redirect. If nothing is happening please use the continue link below.<br><a href="${escapeHtml(url)}">Continue</a></body></html>`,
  });
}

/** The OAuth library's answer with PHP's own session cache headers, for redirects with a code and for user_info. */
export function sendPhp(
  response: Response,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, { status, contentType, cacheControl: SESSION_CACHE, body, headers });
}
