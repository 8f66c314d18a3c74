import { z } from "zod";
import {
  duration,
  longDuration,
  longestName,
  longestTopic,
  namePattern,
  size,
  topicPattern,
} from "./scalars.ts";
import { telemetryExport } from "./schema-export.ts";
import { gatewaySchema } from "./schema-gateway.ts";

/** Most instances a service may have; `scale` holds to it too. */
export const mostInstances = 256;

const instances = z.int().min(1).max(mostInstances);

const edge = z
  .union([
    z.string(),
    z.strictObject({
      service: z.string().describe("The service called."),
      policy: z.string().optional().describe("A policy of `policies`; without one, `default` applies."),
    }),
  ])
  .describe("A service called by this one: its name, or {service, policy}.");

const service = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe(
      "Folder with a service.ts, or a module file, relative to this file; it exports defineService(…).",
    ),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/)
    .default("1.0.0")
    .describe("Semantic version, shown in ps and the registry. In quotes."),
  instances: instances.default(1).describe("Processes of it."),
  uses: z.array(edge).default([]).describe("Services it calls. A call to any other is refused."),
  requires: z
    .array(z.string())
    .default([])
    .describe(
      "Services that must be ready before this one starts. Seldom needed: calls wait for a starting service.",
    ),
  balancer: z
    .enum(["round-robin", "random", "least-pending", "peak-ewma", "consistent-hash", "weighted"])
    .default("round-robin")
    .describe("How callers pick one of its instances."),
  hashHeader: z
    .string()
    .min(1)
    .optional()
    .describe("consistent-hash: the request header hashed; default the user's id, else the path."),
  weights: z
    .array(z.number().min(0).max(1000))
    .default([])
    .describe("weighted: relative weight of each instance in order; missing ones count 1."),
  env: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Environment variables of its processes."),
  durability: z
    .enum(["disk", "process"])
    .default("disk")
    .describe("disk: a commit survives power loss. process: faster, survives the process only."),
  maxConcurrency: z
    .int()
    .min(1)
    .max(65_536)
    .default(1024)
    .describe("Calls handled at once per instance; further ones wait in a bounded queue, then are refused."),
});

const policy = z.strictObject({
  timeout: duration().prefault("2s").describe("A call gets its answer within this, retries included."),
  retries: z
    .int()
    .min(0)
    .max(10)
    // One: a request that kills whoever handles it takes two instances down, not one more with every further retry.
    .default(1)
    .describe("Further attempts of an idempotent call, on another instance where there is one."),
});

/** Of edges that name none, when the document has no `default`. */
export const defaultPolicy: PolicyInput = policy.parse({});

const topic = z
  .strictObject({
    durability: z
      .enum(["disk", "memory"])
      .default("disk")
      .describe("disk: publish is acknowledged after fsync. memory: faster, lost with the broker."),
    retention: z
      .strictObject({
        age: longDuration(1000).prefault("7d").describe("Older events are dropped."),
        bytes: size({ min: 64 * 1024 })
          .optional()
          .describe("Above this the oldest events are dropped. Default 256MiB on disk, 16MiB in memory."),
      })
      .prefault({})
      .describe("How much of the topic is kept."),
    maxDeliveries: z.int().min(1).max(1000).default(8).describe("Deliveries before the dead-letter queue."),
    backoff: z
      .strictObject({
        first: duration().prefault("200ms").describe("Pause before the second delivery; doubles with each."),
        max: duration().prefault("30s").describe("Longest pause."),
      })
      .prefault({})
      .describe("Pauses between deliveries of an event whose handler failed."),
    ackTimeout: duration()
      .prefault("30s")
      .describe("A delivery neither acknowledged nor refused within this is redelivered."),
  })
  .prefault({});

/** A topic with all its defaults, for `order.placed:` with nothing after it. */
export const defaultTopic: TopicInput = topic.parse({});

const supervisor = z
  .strictObject({
    heartbeat: duration({ min: 10 }).prefault("1s").describe("How often each worker says that it lives."),
    missedBeats: z
      .int()
      .min(2)
      .max(1000)
      .default(3)
      .describe("Beats missed before a worker counts as hung and is replaced."),
    rest: duration({ min: 0, max: 60_000 })
      .prefault("1m")
      .describe("An idle service beats this rarely; it is watched from outside meanwhile. 0s: no rest."),
    startTimeout: duration().prefault("20s").describe("A worker is ready within this, or replaced."),
    drainTimeout: duration({ min: 0 })
      .prefault("10s")
      .describe("Calls in flight get this long to end on stop; then SIGKILL."),
    restart: z
      .strictObject({
        first: duration().prefault("100ms").describe("Pause before the first restart; doubles, with jitter."),
        max: duration().prefault("5s").describe("Longest pause."),
        crashLoopDeaths: z
          .int()
          .min(1)
          .max(1000)
          .default(5)
          .describe("This many deaths within `window` are a crash loop: it stays stopped."),
        window: duration().prefault("30s").describe("Time in which deaths are counted."),
      })
      .prefault({})
      .describe("Restarts of workers that died."),
    probe: z
      .strictObject({
        interval: duration({ min: 10 })
          .prefault("5s")
          .describe("How often each worker's health is asked for."),
        timeout: duration().prefault("1s").describe("A worker answers within this."),
        failures: z
          .int()
          .min(1)
          .max(100)
          .default(3)
          .describe("Failures in a row before it gets no new calls."),
      })
      .prefault({})
      .describe("Active health checks."),
  })
  .prefault({})
  .describe("How workers are started, watched, restarted and stopped.");

const telemetry = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe("Whether traces, logs and metrics are recorded and an observer runs. false costs nothing."),
    sample: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe(
        "Share of traces kept whatever becomes of them; those with an error or slow ones always are.",
      ),
    slow: duration().prefault("500ms").describe("A trace with a span of this or more is kept."),
    retention: size({ min: 1024 * 1024 })
      .prefault("256MiB")
      .describe("What the observer keeps on disk; above it the oldest is dropped."),
    export: telemetryExport,
  })
  .prefault({})
  .describe("What is recorded of requests, calls, events and SQL statements.");

// Names are checked in check.ts: a zod record with a key at fault would not look at that key's value any more.
const serviceName = z.string().meta({ pattern: namePattern.source, maxLength: longestName });
const topicName = z.string().meta({ pattern: `^\\*$|${topicPattern.source}`, maxLength: longestTopic });

/** topology.yaml as a person writes it. Parsed: defaults filled in, durations in milliseconds, sizes in bytes. */
export const topologySchema = z
  .strictObject({
    name: z
      .string()
      .regex(namePattern)
      .max(longestName)
      .describe("Name of the topology: lower-case letters, digits and dashes."),
    gateway: gatewaySchema,
    services: z.record(serviceName, service).describe("The services, by name."),
    policies: z
      .record(serviceName, policy)
      .default({})
      .describe("Named call policies for edges; `default` is that of edges which name none."),
    topics: z
      .record(topicName, topic.nullable())
      .default({})
      .describe('Topics of the bus; "*" allows others to be made on first use, with its settings.'),
    supervisor,
    telemetry,
  })
  .describe("A Microcosm topology.");

export type TopologyInput = z.output<typeof topologySchema>;
export type ServiceInput = z.output<typeof service>;
export type TopicInput = z.output<typeof topic>;
export type PolicyInput = z.output<typeof policy>;

/** The JSON Schema that editors use; written to topology.schema.json by scripts/schema.ts. */
export function schemaJson(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(topologySchema, { io: "input", target: "draft-7" });
  return { $schema, title: "Microcosm topology", ...schema };
}
