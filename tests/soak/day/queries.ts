import type { ObserverClient } from "../../../runtime/telemetry/observer/client.ts";
import type { QueryParameters } from "../../../runtime/telemetry/observer/queries.ts";
import { metric } from "../../../runtime/telemetry/names.ts";

const hour = 3_600_000;

/** What the dashboard and the command line ask, cheap and dear, and what finds nothing at all. */
export function listQueries(now: number): Readonly<Record<string, readonly [string, QueryParameters]>> {
  const day = { from: String(now - 24 * hour), to: String(now) };
  const lastHour = { from: String(now - hour), to: String(now) };
  const series = { metric: metric.serverDuration, stat: "p99" };
  return {
    traces: ["traces", {}],
    "traces, 1000": ["traces", { limit: "1000" }],
    "traces of a service": ["traces", { service: "payments" }],
    "traces of a route": ["traces", { route: "GET /v1/products/{id}" }],
    "traces, failed": ["traces", { status: "error" }],
    "traces, slow": ["traces", { minMs: "500" }],
    "traces, none as slow": ["traces", { minMs: "1000000" }],
    "traces, slow, of a service": ["traces", { service: "catalog", minMs: "500" }],
    "traces, none such, of a service": ["traces", { service: "catalog", minMs: "1000000" }],
    "traces with an attribute": ["traces", { attribute: "url.path=/v1/products/7" }],
    "traces without such one": ["traces", { attribute: "url.path=/nowhere" }],
    "traces, earlier": ["traces", { to: String(now - hour / 4) }],
    "traces, earlier, of a service": ["traces", { service: "catalog", to: String(now - hour / 4) }],
    logs: ["logs", {}],
    "logs of a level": ["logs", { level: "error" }],
    "logs of a service": ["logs", { service: "catalog" }],
    "logs with a word": ["logs", { text: "placed" }],
    "logs with words": ["logs", { text: "disk fire" }],
    "logs with a rare word": ["logs", { text: "unicorn" }],
    "logs with the beginning of a word": ["logs", { text: "custom" }],
    "logs, common word, none of that level": ["logs", { text: "placed", level: "error" }],
    "logs, none of a service": ["logs", { service: "nobody" }],
    "logs, earlier": ["logs", { to: String(now - hour / 4) }],
    metrics: ["metrics", {}],
    "series of an hour": ["series", { ...series, ...lastHour, stepMs: "10000", by: "service" }],
    "series of a day": ["series", { ...series, ...day, stepMs: "60000", by: "service,instance,route" }],
    "rates of a day": ["series", { ...series, ...day, stat: "rate", stepMs: "300000", by: "service" }],
    "heat map of an hour": ["heatmap", { service: "gateway", ...lastHour, step: "10000" }],
    "heat map of a day": ["heatmap", { service: "catalog", ...day, step: "300000" }],
    graph: ["graph", {}],
    "graph of a minute": ["graph", { windowMs: "60000" }],
    timeline: ["timeline", {}],
    stats: ["stats", {}],
  };
}

/** How long each takes, question to last byte, one after the other. In milliseconds. */
export async function timeQueries(
  client: ObserverClient,
  now: number,
  took: Map<string, number[]>,
): Promise<void> {
  for (const [name, [query, parameters]] of Object.entries(listQueries(now))) {
    const began = performance.now();
    await client.json(query, parameters);
    const times = took.get(name) ?? [];
    times.push(performance.now() - began);
    took.set(name, times);
  }
}
