// The bodies and queries of the internal API, as the glue sends them (snake_case on the wire).
import { z } from 'zod';
import { Problem } from '../../src/http/problem.ts';

/** JupyterHub's names are free text up to 255; ours are shorter. An empty server name is the default server. */
const user = z.string().min(1).max(255);
const server = z.string().max(255);
const courseProfile = z.string().max(100);

export const formQuery = z.strictObject({ user, server: server.default('') });
export const checkBody = z.strictObject({ user, server, course_profile: courseProfile });
export const admissionBody = z.strictObject({
  request_id: z.uuid(),
  user,
  server,
  course_profile: courseProfile,
  placement: z.strictObject({ namespace: z.string().min(1).max(253), pod: z.string().min(1).max(253) }),
});
export const sessionEndBody = z.strictObject({ user, server, session_id: z.uuid().nullable() });

/** @throws Problem 400 that names each field. */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Problem(400, 'malformed_request', `The request is not as this API expects: ${faults.join('; ')}.`);
}
