/**
 * The topology as the rest of the program sees it: checked, names resolved, defaults filled in, durations in
 * milliseconds, sizes in bytes, paths absolute. What the YAML looks like is in schema.ts.
 */
export interface Topology {
  readonly name: string;
  /** Absolute path of the YAML file; "" when it came from memory. */
  readonly file: string;
  readonly directory: string;
  readonly gateway: GatewayConfig;
  readonly services: Readonly<Record<string, ServiceConfig>>;
  readonly topics: TopicsConfig;
  readonly supervisor: SupervisorConfig;
  readonly telemetry: TelemetryConfig;
}

export type BalancerName =
  | "round-robin"
  | "random"
  | "least-pending"
  | "peak-ewma"
  | "consistent-hash"
  | "weighted";

export interface ServiceConfig {
  readonly name: string;
  /** Semantic version of the service, shown in ps and the registry. */
  readonly version: string;
  /** Absolute path of the module that exports the service's definition. */
  readonly source: string;
  readonly instances: number;
  readonly uses: readonly EdgeConfig[];
  /** Services that must be ready before this one starts; free of cycles. Usually none: calls wait. */
  readonly requires: readonly string[];
  /** Who may call it: the services whose `uses` name it, and `gateway` when a route does. */
  readonly callers: readonly string[];
  readonly balancer: BalancerName;
  /** What consistent-hash hashes: a header's name; default the user's id, else the path. */
  readonly hashHeader?: string;
  /** Relative weight of each instance in order, for `weighted`; missing ones count 1. */
  readonly weights: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  /** `disk`: synchronous=FULL. `process`: synchronous=NORMAL, survives the process, not a power loss. */
  readonly durability: "disk" | "process";
  /** Calls handled at once per instance before further ones wait (bounded) and then are refused as `overloaded`. */
  readonly maxConcurrency: number;
}

/** caller → callee. */
export interface EdgeConfig {
  readonly service: string;
  readonly policy: PolicyConfig;
}

export interface PolicyConfig {
  readonly name: string;
  readonly timeoutMs: number;
  /** Further attempts of an idempotent call on another instance; 0 for none. */
  readonly retries: number;
}

export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly instances: number;
  readonly auth?: GatewayAuthConfig;
  readonly cors?: CorsConfig;
  readonly compression: boolean;
  readonly limits: GatewayLimits;
  readonly routes: readonly RouteConfig[];
  readonly static: readonly StaticConfig[];
  /** Edges the gateway needs, from its routes and auth. Their policy is `gateway`: the routes' own timeouts decide. */
  readonly uses: readonly EdgeConfig[];
}

export interface GatewayAuthConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Where the JWKS is: a service of the topology and a path there. */
  readonly jwks: { readonly service: string; readonly path: string };
  readonly algorithm: "ES256";
}

export interface CorsConfig {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly credentials: boolean;
  readonly maxAgeMs: number;
}

export interface GatewayLimits {
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** A connection that sends or takes nothing for this long is closed. */
  readonly idleTimeoutMs: number;
  /** A request gets its whole answer within this, unless its route or stream says otherwise. */
  readonly requestTimeoutMs: number;
}

export interface RouteConfig {
  /** As in the YAML: `/v1/products/{id}`; `{rest*}` at the end takes all that follows. */
  readonly path: string;
  /** Upper case. */
  readonly methods: readonly string[];
  readonly auth: "none" | "optional" | "required";
  /** Any one of them is enough; empty: any user. */
  readonly roles: readonly string[];
  readonly rateLimit?: RateLimitConfig;
  readonly cache?: CacheConfig;
  readonly timeoutMs: number;
  readonly target:
    | { readonly kind: "service"; readonly service: string; readonly rewrite: string }
    | { readonly kind: "aggregate"; readonly parts: readonly AggregatePart[] };
}

export interface RateLimitConfig {
  /** Tokens a bucket holds and regains over `perMs`. */
  readonly requests: number;
  readonly perMs: number;
  readonly by: "user" | "address";
}

export interface CacheConfig {
  readonly ttlMs: number;
  /** Entries the cache of this route holds at the most. */
  readonly maxEntries: number;
  /** Topics; an event on one of them empties the route's cache. */
  readonly purgeOn: readonly string[];
  /** Whether each user has answers of their own. */
  readonly varyByUser: boolean;
}

export interface AggregatePart {
  /** The member of the answer. */
  readonly name: string;
  readonly service: string;
  readonly path: string;
  /** When it fails the whole route fails with its status; otherwise its name goes into `degraded`. */
  readonly required: boolean;
  readonly timeoutMs: number;
}

export interface StaticConfig {
  /** URL prefix. */
  readonly path: string;
  readonly directory: string;
  /** `Cache-Control: max-age` in milliseconds. */
  readonly maxAgeMs: number;
}

export interface TopicsConfig {
  readonly topics: Readonly<Record<string, TopicConfig>>;
  /** From the entry `"*"`: settings of topics made on first use. Absent: unknown topics are refused. */
  readonly autoCreate?: TopicConfig;
}

export interface TopicConfig {
  /** `disk`: acknowledged after fsync. `memory`: lost with the broker. */
  readonly durability: "disk" | "memory";
  readonly retention: { readonly ageMs?: number; readonly bytes?: number };
  readonly maxDeliveries: number;
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  /** A delivery neither acknowledged nor refused within this is redelivered. */
  readonly ackTimeoutMs: number;
}

export interface SupervisorConfig {
  readonly heartbeatMs: number;
  /** Beats missed before an instance counts as hung and is replaced. */
  readonly missedBeats: number;
  /** An idle worker beats this rarely, where the supervisor can see from outside that it lives. 0: never. */
  readonly restMs: number;
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly restart: {
    readonly firstMs: number;
    readonly maxMs: number;
    /** This many deaths within `windowMs` are a crash loop: the instance stays stopped until someone starts it. */
    readonly crashLoopDeaths: number;
    readonly windowMs: number;
  };
  readonly probe: { readonly intervalMs: number; readonly timeoutMs: number; readonly failures: number };
}

export interface TelemetryConfig {
  /** false: workers have no recorder, and there is no observer. */
  readonly enabled: boolean;
  /** Share of new traces that are kept whatever becomes of them, 0 to 1. */
  readonly sample: number;
  /** A trace with a span this long or longer is kept. */
  readonly slowMs: number;
  /** What the observer keeps on disk. */
  readonly retentionBytes: number;
  /** Where it goes besides. */
  readonly export?: TelemetryExportConfig;
}

export interface TelemetryExportConfig {
  readonly otlp?: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly zipkin?: { readonly url: string };
  /** Absolute path. */
  readonly ecs?: { readonly file: string };
  readonly elasticsearch?: {
    readonly url: string;
    readonly index: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}
