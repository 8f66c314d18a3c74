import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { fakeTopology } from "../../supervisor/fixtures/topology.ts";
import { loadTopology } from "../../topology/index.ts";
import type { RouteConfig, Topology } from "../../topology/model.ts";
import { openApiDocument } from "./document.ts";

const options = { gateway: "http://127.0.0.1:8080", version: "1.2.3" };

async function lint(document: object): Promise<string[]> {
  // A topology has no licence to tell.
  const config = await createConfig({ extends: ["recommended"], rules: { "info-license": "off" } });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
}

function withRoutes(routes: readonly Partial<RouteConfig>[]): Topology {
  const topology = fakeTopology([]);
  const full = routes.map((route) => ({
    path: "/",
    methods: ["GET"],
    auth: "none" as const,
    roles: [],
    timeoutMs: 1000,
    target: { kind: "service" as const, service: "orders", rewrite: "/" },
    ...route,
  }));
  return { ...topology, gateway: { ...topology.gateway, routes: full } };
}

type Document = {
  paths: Record<string, Record<string, { security: unknown; responses: object; operationId: string }>>;
};

describe("the gateway's OpenAPI document", () => {
  test("of the shop is what a linter takes without a word, and has every route", async () => {
    const shop = loadTopology(join(import.meta.dir, "../../../topology.yaml")).topology!;
    const document = openApiDocument(shop, options) as Document;
    expect(await lint(document)).toEqual([]);
    for (const { path, methods } of shop.gateway.routes) {
      for (const method of methods) expect(document.paths[path]).toHaveProperty(method.toLowerCase());
    }
    expect(document.paths["/v1/orders"]?.post?.security).toEqual([{ bearer: [] }]);
    expect(document.paths["/v1/products"]?.get?.security).toEqual([]);
    expect(Object.keys(document.paths["/v1/products"]?.post?.responses ?? {})).toContain("403");
    expect(document.paths["/v1/orders/{id}"]?.get?.operationId).toBe("getV1OrdersById");
  });

  test("a linter that finds nothing would find what is wrong", async () => {
    const broken = { ...openApiDocument(withRoutes([{}]), options), paths: { "/x/{id}": { get: {} } } };
    expect((await lint(broken)).length).toBeGreaterThan(0);
  });

  test("of odd routes is valid as well: same path in other words, rest parameters, no routes at all", async () => {
    const auth = {
      issuer: "i",
      audience: "a",
      jwks: { service: "identity", path: "/jwks" },
      algorithm: "ES256" as const,
    };
    const odd = withRoutes([
      { path: "/a/{id}" },
      { path: "/a/{name}", methods: ["PUT", "DELETE"], auth: "optional" },
      { path: "/files/{rest*}", rateLimit: { requests: 1, perMs: 1000, by: "address" } },
      {
        path: "/{tenant}/<img src=x>/{id}",
        cache: { ttlMs: 1, maxEntries: 1, purgeOn: [], varyByUser: false },
      },
    ]);
    const document = openApiDocument({ ...odd, gateway: { ...odd.gateway, auth } }, options) as Document;
    const found = (await lint(document)).filter((text) => !text.startsWith("path-not-include-query"));
    expect(found).toEqual([]);
    expect(Object.keys(document.paths["/a/{id}"]!)).toEqual(["parameters", "get", "put", "delete"]);
    expect(document.paths).toHaveProperty(["/files/{rest}"]);
    expect(await lint(openApiDocument(withRoutes([]), options))).toEqual([]);
  });
});
