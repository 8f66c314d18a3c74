/**
 * The names that both ends agree on: what workers report under, and what the live graph, the Prometheus text and the
 * dashboard look for. OpenTelemetry's semantic conventions where they have a word. Any other metric is stored and
 * shown just the same.
 *
 * | metric | kind, unit | labels beside `service`, `instance` |
 * | --- | --- | --- |
 * | serverDuration | histogram, ms | `route` (`GET /v1/products/{id}`; of a service its own, `GET /products/{id}`), `status` (HTTP), `outcome` |
 * | clientDuration | histogram, ms | `to` (the callee's service), `outcome`; per attempt |
 * | publishDuration | histogram, ms | `topic`, `outcome` |
 * | processDuration | histogram, ms | `topic`, `subscription`, `outcome` |
 * | pending | gauge, {call} | |
 * | cpu | gauge, 1 (of one core) | |
 * | rss | gauge, By | |
 * | loopDelay | gauge, ms; the longest since the last report | |
 * | databaseDuration | histogram, ms | `operation` (`SELECT`), `outcome` |
 * | deliveryDelay | histogram, ms: from publish to the handler | `topic`, `subscription` |
 * | cacheRequests | counter, {request} | `route`, `result`: `hit`, `miss` |
 * | registryChanges | counter, {change} | |
 * | topicEvents, topicBytes, topicDead | gauge, {event} and By | `topic` |
 * | subscriptionLag, subscriptionInFlight | gauge, {event} | `topic`, `subscription` |
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
  databaseDuration: "db.client.operation.duration",
  deliveryDelay: "messaging.delivery.delay",
  cacheRequests: "microcosm.cache.requests",
  registryChanges: "microcosm.registry.changes",
  topicEvents: "microcosm.topic.events",
  topicBytes: "microcosm.topic.bytes",
  topicDead: "microcosm.topic.dead",
  subscriptionLag: "microcosm.subscription.lag",
  subscriptionInFlight: "microcosm.subscription.inflight",
} as const;

/** The label `outcome`: what counts into the error rates. Of HTTP, statuses from 500 are errors. */
export type Outcome = "ok" | "error";
