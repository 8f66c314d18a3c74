import { z } from "zod";
import { duration, longDuration, size } from "./scalars.ts";

/** `/v1/products/{id}`; `{rest*}` as the last part takes all that follows. Parameters are checked in check-gateway.ts. */
const urlPath = () =>
  z
    .string()
    .regex(/^\/[^\s?#]*$/)
    .meta({ examples: ["/v1/products/{id}", "/files/{rest*}"] });

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

const rateLimit = z
  .strictObject({
    requests: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .describe("Tokens the bucket holds and regains over `per`: the burst and the sustained rate."),
    per: duration().describe("Time in which an empty bucket is full again."),
    by: z
      .enum(["user", "address"])
      .default("address")
      .describe("Whose bucket: the token's user, or the client's address."),
  })
  .describe("Token bucket per user or address; above it 429 with Retry-After.");

const cache = z
  .strictObject({
    ttl: longDuration(1).describe("How long an answer is served from the cache."),
    maxEntries: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe("Answers this route's cache holds at the most."),
    purgeOn: z.array(z.string()).default([]).describe("Topics; an event on one of them empties the cache."),
    varyByUser: z
      .boolean()
      .optional()
      .describe("Whether each user has answers of their own. Default: true on a route with auth."),
  })
  .describe("Response cache of the route's GET requests, with ETag and 304.");

const aggregatePart = z.strictObject({
  service: z.string().describe("The service asked for this part."),
  path: urlPath().describe("Path there; {parameters} of the route's path may be used."),
  required: z
    .boolean()
    .default(false)
    .describe(
      "true: when it fails the route fails. false: its name goes into `degraded` and the rest is answered.",
    ),
  timeout: duration().prefault("2s").describe("How long the answer waits for this part."),
});

const route = z.strictObject({
  path: urlPath().describe(
    "Path at the gateway: /v1/products/{id}; {rest*} at the end takes all that follows.",
  ),
  methods: z.array(z.enum(methods)).min(1).default(["GET"]).describe("HTTP methods of the route."),
  service: z.string().optional().describe("The service that answers. A route has this or `aggregate`."),
  rewrite: urlPath().optional().describe("Path at the service; default: the same as `path`."),
  aggregate: z
    .record(z.string(), aggregatePart)
    .optional()
    .describe("Composes the answer from several services in parallel: member name → where it comes from."),
  auth: z
    .enum(["none", "optional", "required"])
    .default("none")
    .describe("Whether a bearer token is looked at, and must be there."),
  roles: z
    .array(z.string().min(1))
    .default([])
    .describe("Any one of them is enough; empty: any user. Needs auth: required."),
  rateLimit: rateLimit.optional(),
  cache: cache.optional(),
  timeout: duration()
    .prefault("10s")
    .describe("A request gets its whole answer, or its stream's end, within this."),
});

const auth = z
  .strictObject({
    issuer: z.string().min(1).describe("The `iss` a token must have."),
    audience: z.string().min(1).describe("The `aud` a token must have."),
    jwks: z
      .string()
      .regex(/^[^:\s]+:\/\S*$/)
      .meta({ examples: ["identity:/.well-known/jwks.json"] })
      .describe("Where the signing keys are: SERVICE:/PATH."),
    algorithm: z.literal("ES256").default("ES256").describe("The only signature algorithm accepted."),
  })
  .describe("How the gateway checks bearer tokens (JWT).");

const cors = z
  .strictObject({
    origins: z.array(z.string().min(1)).default(["*"]).describe('Origins that may call; "*" for any.'),
    methods: z
      .array(z.enum(methods))
      .default(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
      .describe("Methods a page may use."),
    headers: z
      .array(z.string().min(1))
      .default(["authorization", "content-type", "idempotency-key", "last-event-id"])
      .describe("Request headers a page may send."),
    exposeHeaders: z
      .array(z.string().min(1))
      .default([
        "location",
        "etag",
        "retry-after",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "x-request-id",
      ])
      .describe("Response headers a page may read."),
    credentials: z
      .boolean()
      .default(false)
      .describe('Whether cookies may come along; not with the origin "*".'),
    maxAge: longDuration().prefault("10m").describe("How long a browser remembers a preflight."),
  })
  .describe("Cross-origin access for pages served elsewhere. Absent: none.");

const limits = z
  .strictObject({
    body: size().prefault("10MiB").describe("Largest request body; above it 413."),
    header: size({ min: 1024, max: 1024 ** 2 })
      .prefault("16KiB")
      .describe("Largest request head; above it 431."),
    // Bun.serve's idleTimeout ends at 255 s.
    idleTimeout: duration({ min: 1000, max: 255_000 })
      .prefault("30s")
      .describe("A connection that sends or takes nothing for this long is closed."),
    requestTimeout: duration().prefault("30s").describe("A client sends its whole request within this."),
  })
  .prefault({})
  .describe("What the gateway accepts from a client.");

const staticFiles = z.strictObject({
  path: urlPath().describe("URL prefix."),
  directory: z.string().min(1).describe("Folder, relative to this file."),
  maxAge: longDuration().prefault("1m").describe("Cache-Control: max-age."),
});

export const gatewaySchema = z
  .strictObject({
    host: z.string().min(1).default("127.0.0.1").describe("Address to listen on."),
    port: z.int().min(0).max(65_535).default(8080).describe("Port to listen on; 0 for any free one."),
    instances: z.int().min(1).max(16).default(1).describe("Gateway processes that share the port."),
    auth: auth.optional(),
    cors: cors.optional(),
    compression: z
      .boolean()
      .default(true)
      .describe("Whether answers are compressed for clients that take it."),
    limits,
    static: z.array(staticFiles).default([]).describe("Files the gateway serves itself."),
    routes: z.array(route).default([]).describe("What clients may request, and which service answers."),
  })
  .prefault({})
  .describe("The HTTP entry point.");

export type RouteInput = z.output<typeof route>;
export type GatewayInput = z.output<typeof gatewaySchema>;
