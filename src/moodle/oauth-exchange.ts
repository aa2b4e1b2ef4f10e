// One exchange with Moodle's OAuth pages: sends, and remembers what was answered, without tokens and personal data, for the log.
import type { CustomFetchOptions } from 'openid-client';
import { z } from 'zod';

export type AnswerOutcome = 'ok' | 'client_error' | 'server_error' | 'no_answer';

/** Called for each answer of Moodle, or its absence. */
export type OnAnswer = (outcome: AnswerOutcome, seconds: number) => void;

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly location: string | null;
  /** `error` of a JSON error. */
  readonly error: string | null;
  /** `error` and `error_description` of a JSON error, the title of an HTML page, or the length. */
  readonly description: string;
}

export interface Exchange {
  /** The page that is being asked. */
  step: string;
  /** null: no answer came. */
  answer: Answer | null;
  readonly fetch: (url: string, init?: CustomFetchOptions | RequestInit) => Promise<Response>;
}

export function createExchange(onAnswer: OnAnswer | undefined): Exchange {
  const exchange: Exchange = {
    step: 'login.php',
    answer: null,
    async fetch(url, init) {
      const startedAt = performance.now();
      const report = (outcome: AnswerOutcome): void => onAnswer?.(outcome, (performance.now() - startedAt) / 1000);
      exchange.answer = null;
      try {
        const response = await fetch(url, init as RequestInit);
        exchange.answer = await summarise(response.clone());
        report(response.status < 400 ? 'ok' : response.status < 500 ? 'client_error' : 'server_error');
        return response;
      } catch (error) {
        report('no_answer');
        throw error;
      }
    },
  };
  return exchange;
}

async function summarise(response: Response): Promise<Answer> {
  const text = await response.text();
  const title = /<title>([^<]{0,120})/i.exec(text)?.[1]?.trim();
  const error = readOauthError(text);
  const description = title ? `a page titled "${title}"` : `${text.length} characters`;
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? 'no content type',
    location: response.headers.get('location'),
    error: error?.code ?? null,
    description: error ? `${error.code}: ${error.description}` : description,
  };
}

const errorSchema = z.object({ error: z.string(), error_description: z.string().default('') });

function readOauthError(text: string): { readonly code: string; readonly description: string } | null {
  try {
    const parsed = errorSchema.safeParse(JSON.parse(text));
    return parsed.success
      ? { code: parsed.data.error.slice(0, 60), description: parsed.data.error_description.slice(0, 200) }
      : null;
  } catch {
    return null;
  }
}

export const describeAnswer = (answer: Answer): string =>
  `status ${answer.status}, ${answer.contentType}${answer.location ? `, Location ${withoutQuery(answer.location)}` : ''}, ${answer.description}`;

const withoutQuery = (url: string): string => url.replace(/\?.*$/s, '');

/** Only the type of a failure and the code of its cause: a library's message may quote what was parsed. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const cause = error.cause as { code?: unknown } | undefined;
  const code = (error as { code?: unknown }).code ?? cause?.code;
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}
