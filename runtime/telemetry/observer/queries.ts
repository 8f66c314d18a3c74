import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import { metric } from "../names.ts";
import type { LogQuery, SeriesQuery, TraceQuery } from "../query.ts";
import { heatmapOf, seriesOf } from "./charts.ts";
import { graphAt } from "./graph-at.ts";
import { runSummary } from "./run-summary.ts";
import type { TelemetrySource } from "./source.ts";

/** Parameters as a URL has them; one that was given several times is a list. */
export type QueryParameters = Readonly<Record<string, string | readonly string[]>>;

const time = z.coerce.number().min(0).max(1e14).optional();
const amount = z.coerce.number().min(0).optional();
const limit = z.coerce.number().int().min(1).max(1000).optional();
const name = z.string().min(1).max(1000).optional();
const hexId = z.string().regex(/^[0-9a-f]{32}$/, "expected 32 hex digits");

const where = z
  .union([z.string().transform((one) => [one]), z.array(z.string())])
  .optional()
  .transform((given) => given ?? []);

const traceQuery = z.strictObject({
  service: name,
  route: name,
  status: z.enum(["ok", "error"]).optional(),
  minMs: amount,
  maxMs: amount,
  attribute: z
    .string()
    .max(9000)
    .regex(/^[^=]+=/, "expected name=value")
    .optional(),
  from: time,
  to: time,
  limit,
  before: z.coerce.number().int().optional(),
});
const logQuery = z.strictObject({
  text: z.string().max(1000).optional(),
  service: name,
  instance: name,
  level: z.enum(["debug", "info", "notice", "warn", "error"]).optional(),
  traceId: hexId.optional(),
  from: time,
  to: time,
  limit,
  before: z.coerce.number().int().optional(),
  after: z.coerce.number().int().optional(),
});
const seriesQuery = z.strictObject({
  metric: z.string().min(1).max(1000),
  by: z.string().max(1000).optional(),
  where,
  from: z.coerce.number().min(0),
  to: z.coerce.number().min(0),
  stepMs: z.coerce.number().positive(),
  resolutionMs: z.coerce.number().positive().optional(),
  stat: z.string(),
});
const heatmapQuery = z.strictObject({
  metric: name.default(metric.serverDuration),
  service: name,
  where,
  from: z.coerce.number().min(0),
  to: z.coerce.number().min(0),
  step: z.coerce.number().positive(),
});

const graphQuery = z.strictObject({ windowMs: amount, at: time });
const statsQuery = z.strictObject({ from: time });
const summaryQuery = z.strictObject({ from: z.coerce.number().min(0), to: z.coerce.number().min(0) });

/** What can be asked, by name. Each takes parameters as a URL has them and throws `bad-request` or `not-found`. */
export const queries: Readonly<
  Record<string, (source: TelemetrySource, parameters: QueryParameters) => unknown>
> = {
  traces: (source, parameters) => source.store.traces.list(defined<TraceQuery>(traceQuery, parameters)),
  trace: (source, parameters) => {
    const { traceId } = checked(z.strictObject({ traceId: hexId }), parameters);
    const found = source.trace(traceId);
    if (found === undefined)
      throw new MicrocosmError("not-found", `There is no trace ${traceId} any more, or yet.`);
    return found;
  },
  logs: (source, parameters) => source.store.logs.list(defined<LogQuery>(logQuery, parameters)),
  metrics: (source) => source.store.metrics.names(),
  series: (source, parameters) => {
    const query = defined<SeriesQuery>(seriesQuery, parameters);
    return seriesOf(source.store.metrics, query, source.now());
  },
  heatmap: (source, parameters) =>
    heatmapOf(source.store.metrics, checked(heatmapQuery, parameters), source.now()),
  graph: (source, parameters) => {
    const { at, windowMs } = checked(graphQuery, parameters);
    if (at === undefined) return source.graph(windowMs);
    return graphAt(source.store.metrics, at, source.now(), windowMs);
  },
  summary: (source, parameters) =>
    runSummary(source.store.metrics, checked(summaryQuery, parameters), source.now()),
  timeline: (source, parameters) =>
    source.store.timeline.list(checked(z.strictObject({ from: time, to: time, limit }), parameters)),
  stats: (source, parameters) => source.stats(checked(statsQuery, parameters).from),
};

function checked<S extends z.ZodType>(schema: S, parameters: QueryParameters): z.output<S> {
  const parsed = schema.safeParse(parameters);
  if (parsed.success) return parsed.data;
  throw new MicrocosmError("bad-request", z.prettifyError(parsed.error));
}

/** Members that were not given are left out, and not undefined. */
function defined<T extends object>(schema: z.ZodType, parameters: QueryParameters): T {
  const given = checked(schema, parameters) as object;
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
