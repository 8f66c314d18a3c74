import { resolve as resolvePath } from "node:path";
import { splitJwks } from "./check-gateway.ts";
import type {
  EdgeConfig,
  GatewayConfig,
  PolicyConfig,
  RouteConfig,
  ServiceConfig,
  SupervisorConfig,
  TelemetryExportConfig,
  Topology,
  TopicConfig,
  TopicsConfig,
} from "./model.ts";
import { defaultPolicy, defaultTopic, type TopicInput, type TopologyInput } from "./schema.ts";
import type { GatewayInput, RouteInput } from "./schema-gateway.ts";

/** Names a document that was checked: from here on nothing can be wrong with it. */
export function resolveTopology(
  input: TopologyInput,
  sources: Readonly<Record<string, string>>,
  place: { readonly file: string; readonly directory: string },
): Topology {
  const policy = (name: string): PolicyConfig => {
    const { timeout, retries } = input.policies[name] ?? defaultPolicy;
    return { name, timeoutMs: timeout, retries };
  };
  const gateway = resolveGateway(input.gateway, place.directory, policy("default"));
  const edges = Object.fromEntries(
    Object.entries(input.services).map(([name, service]) => [
      name,
      service.uses.map(
        (edge): EdgeConfig =>
          typeof edge === "string"
            ? { service: edge, policy: policy("default") }
            : { service: edge.service, policy: policy(edge.policy ?? "default") },
      ),
    ]),
  );
  const callers = (callee: string): string[] => [
    ...(gateway.uses.some((edge) => edge.service === callee) ? ["gateway"] : []),
    ...Object.keys(edges).filter((name) => edges[name]!.some((edge) => edge.service === callee)),
  ];
  const services = Object.entries(input.services).map(([name, service]): [string, ServiceConfig] => [
    name,
    {
      name,
      version: service.version,
      source: sources[name]!,
      instances: service.instances,
      uses: edges[name]!,
      requires: service.requires,
      callers: callers(name),
      balancer: service.balancer,
      ...(service.hashHeader === undefined ? {} : { hashHeader: service.hashHeader.toLowerCase() }),
      weights: service.weights,
      env: Object.fromEntries(Object.entries(service.env).map(([key, value]) => [key, String(value)])),
      durability: service.durability,
      maxConcurrency: service.maxConcurrency,
    },
  ]);
  return {
    name: input.name,
    file: place.file,
    directory: place.directory,
    gateway,
    services: Object.fromEntries(services),
    topics: resolveTopics(input.topics),
    supervisor: resolveSupervisor(input.supervisor),
    telemetry: {
      enabled: input.telemetry.enabled,
      sample: input.telemetry.sample,
      slowMs: input.telemetry.slow,
      retentionBytes: input.telemetry.retention,
      ...(input.telemetry.export ? { export: resolveExport(input.telemetry.export, place.directory) } : {}),
    },
  };
}

function resolveExport(
  input: NonNullable<TopologyInput["telemetry"]["export"]>,
  directory: string,
): TelemetryExportConfig {
  const { otlp, zipkin, ecs, elasticsearch } = input;
  return {
    ...(otlp ? { otlp } : {}),
    ...(zipkin ? { zipkin } : {}),
    ...(ecs ? { ecs: { file: resolvePath(directory, ecs.file) } } : {}),
    ...(elasticsearch ? { elasticsearch } : {}),
  };
}

function resolveGateway(input: GatewayInput, directory: string, policy: PolicyConfig): GatewayConfig {
  const routes = input.routes.map(resolveRoute);
  const { auth, cors } = input;
  return {
    host: input.host,
    port: input.port,
    instances: input.instances,
    ...(auth ? { auth: { ...auth, jwks: splitJwks(auth.jwks) } } : {}),
    ...(cors
      ? {
          cors: {
            origins: cors.origins,
            methods: cors.methods,
            headers: cors.headers,
            exposeHeaders: cors.exposeHeaders,
            credentials: cors.credentials,
            maxAgeMs: cors.maxAge,
          },
        }
      : {}),
    compression: input.compression,
    limits: {
      bodyBytes: input.limits.body,
      headerBytes: input.limits.header,
      idleTimeoutMs: input.limits.idleTimeout,
      requestTimeoutMs: input.limits.requestTimeout,
    },
    routes,
    static: input.static.map(({ path, directory: folder, maxAge }) => ({
      path,
      directory: resolvePath(directory, folder),
      maxAgeMs: maxAge,
    })),
    uses: gatewayEdges(routes, auth && splitJwks(auth.jwks).service, policy),
  };
}

/**
 * The gateway's deadline is its route's, which may be longer or shorter than the default policy's timeout. So each
 * edge gets the longest timeout of its routes and never cuts one short.
 */
function gatewayEdges(
  routes: readonly RouteConfig[],
  jwksService: string | undefined,
  policy: PolicyConfig,
): EdgeConfig[] {
  const timeouts = new Map<string, number>();
  const need = (service: string, timeoutMs: number) =>
    timeouts.set(service, Math.max(timeouts.get(service) ?? 0, timeoutMs));
  for (const { target, timeoutMs } of routes) {
    if (target.kind === "service") need(target.service, timeoutMs);
    else for (const part of target.parts) need(part.service, part.timeoutMs);
  }
  if (jwksService !== undefined) need(jwksService, policy.timeoutMs);
  return [...timeouts].map(([service, timeoutMs]) => ({
    service,
    policy: { ...policy, name: "gateway", timeoutMs },
  }));
}

function resolveRoute(route: RouteInput): RouteConfig {
  const { cache, rateLimit } = route;
  return {
    path: route.path,
    methods: route.methods,
    auth: route.auth,
    roles: route.roles,
    ...(rateLimit
      ? { rateLimit: { requests: rateLimit.requests, perMs: rateLimit.per, by: rateLimit.by } }
      : {}),
    ...(cache
      ? {
          cache: {
            ttlMs: cache.ttl,
            maxEntries: cache.maxEntries,
            purgeOn: cache.purgeOn,
            varyByUser: cache.varyByUser ?? route.auth !== "none",
          },
        }
      : {}),
    timeoutMs: route.timeout,
    target: route.aggregate
      ? {
          kind: "aggregate",
          parts: Object.entries(route.aggregate).map(([name, part]) => ({
            name,
            service: part.service,
            path: part.path,
            required: part.required,
            timeoutMs: part.timeout,
          })),
        }
      : { kind: "service", service: route.service!, rewrite: route.rewrite ?? route.path },
  };
}

function resolveTopics(input: TopologyInput["topics"]): TopicsConfig {
  const topics: Record<string, TopicConfig> = {};
  for (const [name, topic] of Object.entries(input)) {
    if (name !== "*") topics[name] = resolveTopic(topic ?? defaultTopic);
  }
  if (!Object.hasOwn(input, "*")) return { topics };
  return { topics, autoCreate: resolveTopic(input["*"] ?? defaultTopic) };
}

/** What a topic keeps when it names no size. */
const retentionBytes = { disk: 256 * 1024 ** 2, memory: 16 * 1024 ** 2 };

function resolveTopic(topic: TopicInput): TopicConfig {
  const { durability, retention } = topic;
  return {
    durability,
    retention: { ageMs: retention.age, bytes: retention.bytes ?? retentionBytes[durability] },
    maxDeliveries: topic.maxDeliveries,
    backoff: { firstMs: topic.backoff.first, maxMs: topic.backoff.max },
    ackTimeoutMs: topic.ackTimeout,
  };
}

function resolveSupervisor(input: TopologyInput["supervisor"]): SupervisorConfig {
  const { restart, probe } = input;
  return {
    heartbeatMs: input.heartbeat,
    missedBeats: input.missedBeats,
    restMs: input.rest,
    startTimeoutMs: input.startTimeout,
    drainTimeoutMs: input.drainTimeout,
    restart: {
      firstMs: restart.first,
      maxMs: restart.max,
      crashLoopDeaths: restart.crashLoopDeaths,
      windowMs: restart.window,
    },
    probe: { intervalMs: probe.interval, timeoutMs: probe.timeout, failures: probe.failures },
  };
}
