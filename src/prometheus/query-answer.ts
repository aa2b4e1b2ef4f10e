// Prometheus' answer to an instant query with a range selector (HTTP API, /api/v1/query): schema, and the faults it can have.
import { z } from 'zod';

const series = z.object({
  metric: z.record(z.string(), z.string()),
  /** [seconds, "number"]: numbers are strings, because of NaN and +Inf. */
  values: z.array(z.tuple([z.number(), z.string()])),
});

const answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.object({ resultType: z.literal('matrix'), result: z.array(series) }),
    /** Thanos and others: a part of the data is missing. */
    warnings: z.array(z.string()).optional(),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

export type MatrixSeries = z.output<typeof series>;
export type MatrixAnswer =
  | { readonly ok: true; readonly series: readonly MatrixSeries[] }
  | { readonly ok: false; readonly fault: string };

/** @param body text: a proxy's login page is HTML with status 200. */
export function readMatrix(status: number, body: string): MatrixAnswer {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { ok: false, fault: `it answers ${status} with something that is not JSON` };
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success) return { ok: false, fault: `it answers ${status} with a body of another form` };
  if (parsed.data.status === 'error') return { ok: false, fault: `${parsed.data.errorType}: ${parsed.data.error}` };
  if (status !== 200) return { ok: false, fault: `it answers ${status}` };
  const [warning] = parsed.data.warnings ?? [];
  if (warning !== undefined) return { ok: false, fault: `its answer may be incomplete: ${warning}` };
  return { ok: true, series: parsed.data.data.result };
}
