import type { GatewayAuthConfig, RouteConfig, Topology } from "../../topology/model.ts";
import { groupByPath, operationId, type PathGroup } from "./paths.ts";
import { problemComponents, problemResponses, problemSchema } from "./problems.ts";

type Json = Readonly<Record<string, unknown>>;

export interface OpenApiOptions {
  /** `http://127.0.0.1:8080`. */
  readonly gateway: string;
  readonly version: string;
}

const methodsWithBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * The gateway's routes as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html): all that the topology says
 * of them. Bodies are any JSON, for only the services know their shape; `x-microcosm` has what OpenAPI has no word for.
 */
export function openApiDocument(topology: Topology, options: OpenApiOptions): Json {
  const groups = groupByPath(topology.gateway.routes);
  const used = new Set<string>();
  const paths: Record<string, Json> = {};
  for (const group of groups) paths[group.path] = pathItem(group, used);
  const { auth } = topology.gateway;
  const tags = new Set(topology.gateway.routes.map(tagOf));
  return {
    openapi: "3.1.1",
    info: {
      title: topology.name,
      version: options.version,
      summary: `What the gateway of ${topology.name} answers to.`,
    },
    servers: [{ url: options.gateway, description: "The gateway of this run." }],
    tags: [...tags].sort().map((name) => ({ name, description: descriptionOf(name) })),
    paths,
    components: {
      schemas: groups.length > 0 ? { Problem: problemSchema } : {},
      responses: groups.length > 0 ? problemComponents(used) : {},
      ...(auth !== undefined && { securitySchemes: { bearer: bearer(auth) } }),
    },
  };
}

function pathItem(group: PathGroup, used: Set<string>): Json {
  const item: Record<string, unknown> = {};
  if (group.parameters.length > 0) {
    item.parameters = group.parameters.map(({ name, rest }) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
      ...(rest && { description: "May hold slashes: everything that follows." }),
    }));
  }
  for (const route of group.routes) {
    for (const method of route.methods) {
      item[method.toLowerCase()] = operation(route, method, group.path, used);
    }
  }
  return item;
}

function operation(route: RouteConfig, method: string, path: string, used: Set<string>): Json {
  const hasBody = methodsWithBody.has(method);
  const problems = problemResponses(route, hasBody);
  for (const status of Object.keys(problems)) used.add(status);
  return {
    operationId: operationId(method, path),
    summary: summaryOf(route, method),
    tags: [tagOf(route)],
    security: securityOf(route),
    ...(hasBody && {
      requestBody: { required: false, content: { "application/json": { schema: {} } } },
    }),
    responses: { "2XX": success(route), ...(route.cache && { "304": notModified }), ...problems },
    "x-microcosm": extension(route),
  };
}

const notModified: Json = { description: "What the client has is what there is (`If-None-Match`)." };

function success(route: RouteConfig): Json {
  const headers: Record<string, unknown> = {};
  if (route.rateLimit !== undefined) {
    const count = { schema: { type: "integer" } };
    headers["RateLimit-Limit"] = { description: "Requests a full bucket has.", ...count };
    headers["RateLimit-Remaining"] = { description: "Requests left.", ...count };
    headers["RateLimit-Reset"] = { description: "Seconds until the bucket is full.", ...count };
  }
  if (route.cache !== undefined) {
    headers.ETag = { description: "Of this answer.", schema: { type: "string" } };
  }
  return {
    description: route.target.kind === "service" ? `What ${route.target.service} says.` : "All parts in one.",
    ...(Object.keys(headers).length > 0 && { headers }),
    content: { "application/json": { schema: responseSchema(route) } },
  };
}

function responseSchema(route: RouteConfig): Json {
  if (route.target.kind === "service") return {};
  const { parts } = route.target;
  const required = parts.filter((part) => part.required).map(({ name }) => name);
  return {
    type: "object",
    required: [...required, "degraded"],
    properties: {
      ...Object.fromEntries(
        parts.map(({ name, service }) => [
          name,
          { description: `What ${service} says; null when it is down.` },
        ]),
      ),
      degraded: { type: "array", items: { type: "string" }, description: "Parts that are missing." },
    },
  };
}

function securityOf(route: RouteConfig): readonly Json[] {
  if (route.auth === "none") return [];
  return route.auth === "required" ? [{ bearer: [] }] : [{}, { bearer: [] }];
}

function bearer({ issuer, audience, algorithm }: GatewayAuthConfig): Json {
  const description = `An ${algorithm} token of ${issuer} for ${audience}.`;
  return { type: "http", scheme: "bearer", bearerFormat: "JWT", description };
}

const composed = "composed";

function tagOf(route: RouteConfig): string {
  return route.target.kind === "service" ? route.target.service : composed;
}

function descriptionOf(tag: string): string {
  return tag === composed
    ? "Answers that the gateway puts together from several services."
    : `Service ${tag}.`;
}

function summaryOf(route: RouteConfig, method: string): string {
  if (route.target.kind === "service") return `${method} ${route.target.rewrite} of ${route.target.service}`;
  return route.target.parts.map(({ name }) => name).join(" and ");
}

function extension({ target, timeoutMs, roles, cache, rateLimit, auth }: RouteConfig): Json {
  return {
    auth,
    timeoutMs,
    ...(roles.length > 0 && { roles }),
    ...(cache && { cacheTtlMs: cache.ttlMs, purgeOn: cache.purgeOn }),
    ...(rateLimit && { rateLimit }),
    target,
  };
}
