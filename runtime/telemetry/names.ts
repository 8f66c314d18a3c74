/**
 * The names that both ends agree on: what workers report under, and what the live graph, the Prometheus text and the
 * dashboard look for. OpenTelemetry's semantic conventions where they have a word. Any other metric is stored and
 * shown just the same.
 *
 * | metric | kind, unit | labels beside `service`, `instance` |
 * | --- | --- | --- |
 * | serverDuration | histogram, ms | `route` (`GET /v1/products/{id}`), `status` (HTTP), `outcome` |
 * | clientDuration | histogram, ms | `to` (the callee's service), `outcome`; per attempt |
 * | publishDuration | histogram, ms | `topic`, `outcome` |
 * | processDuration | histogram, ms | `topic`, `subscription`, `outcome` |
 * | pending | gauge, {call} | |
 * | cpu | gauge, 1 (of one core) | |
 * | rss | gauge, By | |
 * | loopDelay | gauge, ms | |
 *
 * `service` and `instance` are those of the batch when a point does not name them.
 */
export const metric = {
  serverDuration: "http.server.request.duration",
  clientDuration: "http.client.request.duration",
  publishDuration: "messaging.publish.duration",
  processDuration: "messaging.process.duration",
  pending: "microcosm.instance.pending",
  cpu: "process.cpu.utilization",
  rss: "process.memory.rss",
  loopDelay: "process.eventloop.delay",
} as const;

/** The label `outcome`: what counts into the error rates. Of HTTP, statuses from 500 are errors. */
export type Outcome = "ok" | "error";
