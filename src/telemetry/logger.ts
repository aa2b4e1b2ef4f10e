// JSON logs on standard output. Static messages, facts in snake_case fields; secrets are never among the fields.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly service: string;
  readonly level: string;
  /** false: `hub_username` fields are left out (config `logging.personalNames`). */
  readonly personalNames: boolean;
}

/** A safety net: code must not log these in the first place. */
const REDACTED = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'code',
  'access_token',
  'client_secret',
  'id_token',
];

export function createLogger(options: LoggerOptions, destination?: DestinationStream): Logger {
  const paths = [
    ...REDACTED.flatMap((name) => [name, `*.${name}`]),
    ...(options.personalNames ? [] : ['hub_username']),
  ];
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: '[redacted]' },
    serializers: { err: pino.stdSerializers.err },
  };
  return destination ? pino(settings, destination) : pino(settings);
}

/** For tests and tools that want no output. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
