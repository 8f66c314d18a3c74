import type { Finding, Path } from "./issue.ts";
import { type Names, unknownName } from "./names.ts";
import type { GatewayInput, RouteInput } from "./schema-gateway.ts";
import { parseUrlPath } from "./url-path.ts";

export function checkGateway(gateway: GatewayInput, names: Names): Finding[] {
  return [
    ...checkAuth(gateway, names),
    ...checkCors(gateway),
    ...gateway.routes.flatMap((route, index) => checkRoute(route, index, names)),
    ...duplicateRoutes(gateway.routes),
    ...duplicateStatics(gateway),
  ];
}

/** `identity:/.well-known/jwks.json` → service and path. */
export function splitJwks(jwks: string): { service: string; path: string } {
  const colon = jwks.indexOf(":");
  return { service: jwks.slice(0, colon), path: jwks.slice(colon + 1) };
}

function checkAuth(gateway: GatewayInput, names: Names): Finding[] {
  if (!gateway.auth) return [];
  const { service } = splitJwks(gateway.auth.jwks);
  if (names.services.has(service)) return [];
  return [
    unknownName("service", service, names.services, ["gateway", "auth", "jwks"], "in gateway.auth.jwks"),
  ];
}

function checkCors(gateway: GatewayInput): Finding[] {
  if (!gateway.cors?.credentials || !gateway.cors.origins.includes("*")) return [];
  return [
    {
      code: "conflict",
      path: ["gateway", "cors", "credentials"],
      at: "value",
      message: 'credentials with the origin "*" would let any page act for the user; browsers refuse it',
      expected: "origins by name, or credentials: false",
    },
  ];
}

function checkRoute(route: RouteInput, index: number, names: Names): Finding[] {
  const path = ["gateway", "routes", index];
  const findings: Finding[] = [];
  const add = (code: Finding["code"], at: Path, side: Finding["at"], message: string, expected: string) =>
    findings.push({ code, path: [...path, ...at], at: side, message, expected });
  const { parameters, fault } = parseUrlPath(route.path);
  if (fault)
    add("bad-path", ["path"], "value", `${fault}, in ${route.path}`, "/v1/products/{id} or /files/{rest*}");

  if (route.service === undefined && route.aggregate === undefined) {
    add("missing-key", [], "value", `the route ${route.path} leads nowhere`, "service: or aggregate:");
  }
  if (route.service !== undefined && route.aggregate !== undefined) {
    add(
      "conflict",
      ["aggregate"],
      "key",
      `the route ${route.path} has both service and aggregate`,
      "one of the two",
    );
  }
  if (route.rewrite !== undefined && route.aggregate !== undefined) {
    add("conflict", ["rewrite"], "key", "rewrite says nothing to an aggregate", "path: of each part");
  }
  if (route.service !== undefined && !names.services.has(route.service)) {
    findings.push(
      unknownName(
        "service",
        route.service,
        names.services,
        [...path, "service"],
        `in the route ${route.path}`,
      ),
    );
  }
  if (route.rewrite !== undefined) {
    findings.push(...checkParameters(route.rewrite, [...path, "rewrite"], route.path, parameters));
  }
  for (const [part, { service, path: partPath }] of Object.entries(route.aggregate ?? {})) {
    const at = [...path, "aggregate", part];
    if (!names.services.has(service)) {
      findings.push(
        unknownName(
          "service",
          service,
          names.services,
          [...at, "service"],
          `in the aggregate of ${route.path}`,
        ),
      );
    }
    findings.push(...checkParameters(partPath, [...at, "path"], route.path, parameters));
  }
  findings.push(...checkAccess(route, path, names));
  for (const [at, topic] of (route.cache?.purgeOn ?? []).entries()) {
    if (names.topics.has(topic) || names.topics.has("*")) continue;
    findings.push(
      unknownName(
        "topic",
        topic,
        names.topics,
        [...path, "cache", "purgeOn", at],
        `in the cache of ${route.path}`,
      ),
    );
  }
  return findings;
}

function checkAccess(route: RouteInput, path: Path, names: Names): Finding[] {
  const findings: Finding[] = [];
  if (route.auth !== "none" && !names.auth) {
    findings.push({
      code: "missing-auth",
      path: [...path, "auth"],
      at: "value",
      message: `the route ${route.path} needs a token, but the gateway cannot check one`,
      expected: "issuer, audience and jwks under gateway.auth",
    });
  }
  if (route.roles.length > 0 && route.auth !== "required") {
    findings.push({
      code: "conflict",
      path: [...path, "roles"],
      at: "key",
      message: `roles of the route ${route.path} are never looked at: its auth is ${route.auth}`,
      expected: "auth: required",
    });
  }
  if (route.rateLimit?.by === "user" && route.auth === "none") {
    findings.push({
      code: "conflict",
      path: [...path, "rateLimit", "by"],
      at: "value",
      message: `the route ${route.path} knows no user: its auth is none`,
      expected: "by: address, or auth: required",
    });
  }
  return findings;
}

/** Parameters a target path takes must come from the route's path. */
function checkParameters(target: string, at: Path, from: string, parameters: readonly string[]): Finding[] {
  const { parameters: used, fault } = parseUrlPath(target);
  if (fault) {
    return [
      {
        code: "bad-path",
        path: at,
        at: "value",
        message: `${fault}, in ${target}`,
        expected: "/products/{id}",
      },
    ];
  }
  return used
    .filter((name) => !parameters.includes(name))
    .map((name) => ({
      code: "unknown-parameter" as const,
      path: at,
      at: "value" as const,
      message: `{${name}} is not in the route's path ${from}`,
      expected:
        parameters.length > 0
          ? `one of ${parameters.map((parameter) => `{${parameter}}`).join(", ")}`
          : "no parameter: the route's path has none",
    }));
}

function duplicateRoutes(routes: readonly RouteInput[]): Finding[] {
  const findings: Finding[] = [];
  const first = new Map<string, string>();
  for (const [index, route] of routes.entries()) {
    const { shape } = parseUrlPath(route.path);
    for (const [at, method] of route.methods.entries()) {
      const key = `${method} ${shape}`;
      const earlier = first.get(key);
      if (earlier === undefined) {
        first.set(key, route.path);
        continue;
      }
      findings.push({
        code: "duplicate-route",
        path: [
          "gateway",
          "routes",
          index,
          route.methods.length > 1 ? "methods" : "path",
          ...(route.methods.length > 1 ? [at] : []),
        ],
        at: "value",
        message:
          earlier === route.path
            ? `there is a route ${method} ${route.path} already`
            : `${method} ${route.path} takes the same requests as the route ${earlier} before it`,
        expected: "each path and method once",
      });
    }
  }
  return findings;
}

function duplicateStatics(gateway: GatewayInput): Finding[] {
  const seen = new Set<string>();
  return gateway.static.flatMap(({ path }, index): Finding[] => {
    if (!seen.has(path)) {
      seen.add(path);
      return [];
    }
    return [
      {
        code: "duplicate-route",
        path: ["gateway", "static", index, "path"],
        at: "value",
        message: `static files are served under ${path} already`,
        expected: "each prefix once",
      },
    ];
  });
}
