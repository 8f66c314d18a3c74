import { z } from "zod";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { LogQuery, SeriesQuery, TraceQuery } from "../query.ts";
import { heatmapOf, seriesOf } from "./charts.ts";
import type { Observer } from "./observer.ts";

/** Parameters as a URL has them; one that was given several times is a list. */
export type QueryParameters = Readonly<Record<string, string | readonly string[]>>;

const time = z.coerce.number().min(0).max(1e14).optional();
const amount = z.coerce.number().min(0).optional();
const limit = z.coerce.number().int().min(1).max(1000).optional();
const name = z.string().min(1).max(1000).optional();
const hexId = z.string().regex(/^[0-9a-f]{32}$/, "expected 32 hex digits");

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
  where: z
    .union([z.string().transform((one) => [one]), z.array(z.string())])
    .optional()
    .transform((given) => given ?? []),
  from: z.coerce.number().min(0),
  to: z.coerce.number().min(0),
  stepMs: z.coerce.number().positive(),
  resolutionMs: z.coerce.number().positive().optional(),
  stat: z.string(),
});
const heatmapQuery = z.strictObject({
  service: z.string().min(1),
  from: z.coerce.number().min(0),
  to: z.coerce.number().min(0),
  step: z.coerce.number().positive(),
});

/** What can be asked, by name. Each takes parameters as a URL has them and throws `bad-request` or `not-found`. */
export const queries: Readonly<Record<string, (observer: Observer, parameters: QueryParameters) => unknown>> =
  {
    traces: (observer, parameters) => observer.store.traces.list(defined<TraceQuery>(traceQuery, parameters)),
    trace: (observer, parameters) => {
      const { traceId } = checked(z.strictObject({ traceId: hexId }), parameters);
      const found = observer.trace(traceId);
      if (found === undefined)
        throw new MicrocosmError("not-found", `There is no trace ${traceId} any more, or yet.`);
      return found;
    },
    logs: (observer, parameters) => observer.store.logs.list(defined<LogQuery>(logQuery, parameters)),
    metrics: (observer) => observer.store.metrics.names(),
    series: (observer, parameters) => {
      const query = defined<SeriesQuery>(seriesQuery, parameters);
      return seriesOf(observer.store.metrics, query, observer.now());
    },
    heatmap: (observer, parameters) =>
      heatmapOf(observer.store.metrics, checked(heatmapQuery, parameters), observer.now()),
    graph: (observer, parameters) =>
      observer.graph(checked(z.strictObject({ windowMs: amount }), parameters).windowMs),
    timeline: (observer, parameters) =>
      observer.store.timeline.list(checked(z.strictObject({ from: time, to: time, limit }), parameters)),
    stats: (observer) => observer.stats(),
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
