import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IssueCode } from "./issue.ts";
import { loadTopology, maxFileBytes, parseTopology } from "./load.ts";
import type { Topology } from "./model.ts";

let directory = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "topology-"));
  for (const name of ["catalog", "orders"]) {
    mkdirSync(join(directory, "services", name), { recursive: true });
    writeFileSync(join(directory, "services", name, "service.ts"), "");
  }
  mkdirSync(join(directory, "empty"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const parse = (text: string) => parseTopology(text, { file: "t.yaml", directory, checkSources: false });

function valid(text: string): Topology {
  const { topology, issues } = parse(text);
  if (!topology) throw new Error(`unexpected issues: ${JSON.stringify(issues, null, 2)}`);
  return topology;
}

/** `code line:column suggestion` of each issue. */
function faults(text: string): string[] {
  return (parse(text).issues ?? []).map((issue) =>
    [issue.code, `${issue.line}:${issue.column}`, issue.suggestion].filter(Boolean).join(" "),
  );
}

const smallest = "name: t\nservices:\n  a: { source: a }\n";

describe("defaults", () => {
  test("the smallest topology is filled in", () => {
    const topology = valid(smallest);
    expect(topology.services.a).toEqual({
      name: "a",
      version: "1.0.0",
      source: join(directory, "a", "service.ts"),
      instances: 1,
      uses: [],
      requires: [],
      callers: [],
      balancer: "round-robin",
      weights: [],
      env: {},
      durability: "disk",
      maxConcurrency: 1024,
    });
    expect(topology.gateway).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      instances: 1,
      routes: [],
      uses: [],
    });
    expect(topology.gateway.limits).toEqual({
      bodyBytes: 10 * 1024 ** 2,
      headerBytes: 16 * 1024,
      idleTimeoutMs: 30_000,
      requestTimeoutMs: 30_000,
    });
    expect(topology.topics).toEqual({ topics: {} });
    expect(topology.supervisor).toEqual({
      heartbeatMs: 1000,
      missedBeats: 3,
      restMs: 60_000,
      startTimeoutMs: 20_000,
      drainTimeoutMs: 10_000,
      restart: { firstMs: 100, maxMs: 5000, crashLoopDeaths: 5, windowMs: 30_000 },
      probe: { intervalMs: 5000, timeoutMs: 1000, failures: 3 },
    });
  });

  test("a topic with nothing after it has all defaults; * allows others", () => {
    const { topics } = valid(`${smallest}topics:\n  a.b:\n  "*": { durability: memory }\n`);
    expect(topics.topics).toEqual({
      "a.b": {
        durability: "disk",
        retention: { ageMs: 604_800_000, bytes: 256 * 1024 ** 2 },
        maxDeliveries: 8,
        backoff: { firstMs: 200, maxMs: 30_000 },
        ackTimeoutMs: 30_000,
      },
    });
    expect(topics.autoCreate?.durability).toBe("memory");
    expect(topics.autoCreate?.retention.bytes).toBe(16 * 1024 ** 2);
  });

  test("env values become strings, header names lower case", () => {
    const { services } = valid(
      "name: t\nservices:\n  a: { source: a.ts, hashHeader: X-Tenant, env: { N: 1, B: true, S: x } }\n",
    );
    expect(services.a).toMatchObject({
      source: join(directory, "a.ts"),
      hashHeader: "x-tenant",
      env: { N: "1", B: "true", S: "x" },
    });
  });
});

describe("edges", () => {
  const text = `name: t
gateway:
  auth: { issuer: i, audience: a, jwks: "keys:/jwks.json" }
  routes:
    - { path: "/a/{id}", service: a, rewrite: "/{id}", auth: required, timeout: 10m, cache: { ttl: 1s } }
    - { path: /b, service: a, timeout: 1s, cache: { ttl: 1s } }
    - path: /c/{x}
      aggregate:
        left: { service: a, path: "/{x}", required: true }
        right: { service: b, path: /r, timeout: 500ms }
services:
  a: { source: a, uses: [b, { service: c, policy: patient }] }
  b: { source: b, uses: [a] }
  c: { source: c }
  keys: { source: keys }
policies:
  default: { timeout: 3s }
  patient: { timeout: 5s, retries: 0 }
`;

  test("policies are resolved by name, callers are the reverse of uses", () => {
    const { services } = valid(text);
    expect(services.a!.uses).toEqual([
      { service: "b", policy: { name: "default", timeoutMs: 3000, retries: 1 } },
      { service: "c", policy: { name: "patient", timeoutMs: 5000, retries: 0 } },
    ]);
    expect(services.a!.callers).toEqual(["gateway", "b"]);
    expect(services.b!.callers).toEqual(["gateway", "a"]);
    expect(services.c!.callers).toEqual(["a"]);
    expect(services.keys!.callers).toEqual(["gateway"]);
  });

  test("the gateway's edges come from routes, aggregates and keys, each as patient as its slowest route", () => {
    const { gateway } = valid(text);
    expect(gateway.uses.map((edge) => [edge.service, edge.policy.name, edge.policy.timeoutMs])).toEqual([
      ["a", "gateway", 600_000],
      ["b", "gateway", 500],
      ["keys", "gateway", 3000],
    ]);
    expect(gateway.auth?.jwks).toEqual({ service: "keys", path: "/jwks.json" });
  });

  test("routes", () => {
    const [first, second, third] = valid(text).gateway.routes;
    expect(first).toMatchObject({
      path: "/a/{id}",
      methods: ["GET"],
      roles: [],
      cache: { ttlMs: 1000, maxEntries: 1000, purgeOn: [], varyByUser: true },
      target: { kind: "service", service: "a", rewrite: "/{id}" },
    });
    expect(second).toMatchObject({ cache: { varyByUser: false }, target: { rewrite: "/b" } });
    expect(third!.timeoutMs).toBe(10_000);
    expect(third!.target).toEqual({
      kind: "aggregate",
      parts: [
        { name: "left", service: "a", path: "/{x}", required: true, timeoutMs: 2000 },
        { name: "right", service: "b", path: "/r", required: false, timeoutMs: 500 },
      ],
    });
  });
});

const service = (rest: string) =>
  `name: t\nservices:\n  orders: { source: x, ${rest} }\n  catalog: { source: y }\n`;
const route = (rest: string) =>
  `name: t\ngateway:\n  routes:\n    - { path: "/a/{id}", ${rest} }\nservices:\n  orders: { source: x }\n`;

/** Each with the place a person has to change. */
const mistakes: [name: string, text: string, expected: `${IssueCode} ${string}`[]][] = [
  ["an empty file", "", ["wrong-type 1:1"]],
  ["a scalar", "hello", ["wrong-type 1:1"]],
  ["a list", "- a\n- b\n", ["wrong-type 1:1"]],
  ["a tab for indentation", "name: t\nservices:\n\ta: 1\n", ["yaml-syntax 3:1"]],
  ["an open bracket", "name: [t\nservices: {}\n", ["yaml-syntax 2:1"]],
  ["two documents", "name: t\n---\nname: u\n", ["yaml-syntax 2:1"]],
  ["an alias to nothing", "name: *t\n", ["yaml-syntax 1:7"]],
  ["an unknown key at the top", `${smallest}polices: {}\n`, ["unknown-key 4:1 policies"]],
  ["an unknown key in a service", service("instnces: 2"), ["unknown-key 3:24 instances"]],
  ["an unknown key that is like none", service("colour: red"), ["unknown-key 3:24"]],
  ["a missing key", "name: t\nservices:\n  a: { version: 1.0.0 }\n", ["missing-key 3:3"]],
  ["a missing section", "name: t\n", ["missing-key 1:1"]],
  ["no service at all", "name: t\nservices: {}\n", ["missing-key 2:1"]],
  ["a bad topology name", smallest.replace("name: t", "name: My Shop"), ["bad-name 1:7"]],
  ["a bad service name", "name: t\nservices:\n  PriceList: { source: a }\n", ["bad-name 3:3 price-list"]],
  ["a reserved name", "name: t\nservices:\n  broker: { source: a }\n", ["bad-name 3:3"]],
  ["a bad topic name", `${smallest}topics:\n  a b: {}\n`, ["bad-name 5:3"]],
  [
    "a service declared twice",
    "name: t\nservices:\n  a: { source: a }\n  b: { source: b }\n  a: { source: c }\n",
    ["duplicate-key 5:3"],
  ],
  ["a port out of range", `${smallest}gateway: { port: 65536 }\n`, ["out-of-range 4:18"]],
  ["a port that is no number", `${smallest}gateway: { port: "80" }\n`, ["wrong-type 4:18"]],
  ["no instances", service("instances: 0"), ["out-of-range 3:35"]],
  ["too many instances", service("instances: 257"), ["out-of-range 3:35"]],
  ["half an instance", service("instances: 1.5"), ["wrong-type 3:35"]],
  ["a bad duration", `${smallest}policies:\n  p: { timeout: 2 parsecs }\n`, ["bad-duration 5:17"]],
  ["a duration without unit", `${smallest}policies:\n  p: { timeout: 500 }\n`, ["bad-duration 5:17 500ms"]],
  ["a timer beyond 31 bits", `${smallest}policies:\n  p: { timeout: 30d }\n`, ["out-of-range 5:17"]],
  ["a bad size", `${smallest}gateway: { limits: { body: 10 mb } }\n`, ["bad-size 4:28 10MiB"]],
  ["a close word", service("balancer: round-robbin"), ["wrong-value 3:34 round-robin"]],
  ["a word for a boolean", `${smallest}gateway: { compression: yes }\n`, ["wrong-type 4:25 true"]],
  ["a version read as a number", service("version: 1.0"), ["wrong-type 3:33"]],
  ["an unknown service in uses", service("uses: [catalogg]"), ["unknown-service 3:31 catalog"]],
  [
    "an unknown service and policy in a full edge",
    service("uses: [{ service: catalgo, policy: fast }]"),
    ["unknown-service 3:42 catalog", "unknown-policy 3:59"],
  ],
  ["an edge that is neither", service("uses: [1]"), ["wrong-type 3:31"]],
  ["an edge twice", service("uses: [catalog, catalog]"), ["duplicate-entry 3:40"]],
  ["an unknown service in requires", service("requires: [catalogs]"), ["unknown-service 3:35 catalog"]],
  ["a service that requires itself", service("requires: [orders]"), ["start-up-cycle 3:35"]],
  [
    "a cycle of required start-up",
    "name: t\nservices:\n  a: { source: a, requires: [b] }\n  b: { source: b, requires: [c] }\n  c: { source: c, requires: [a] }\n",
    ["start-up-cycle 5:30"],
  ],
  ["a route to an unknown service", route("service: order"), ["unknown-service 4:35 orders"]],
  ["a route to nowhere", route("timeout: 1s"), ["missing-key 4:7"]],
  [
    "a route with two targets",
    route("service: orders, aggregate: { a: { service: orders, path: /a } }"),
    ["conflict 4:43"],
  ],
  [
    "an aggregate of an unknown service",
    route('aggregate: { a: { service: order, path: "/{id}" } }'),
    ["unknown-service 4:53 orders"],
  ],
  [
    "a parameter the route does not have, in an aggregate",
    route('aggregate: { a: { service: orders, path: "/{ident}" } }'),
    ["unknown-parameter 4:67"],
  ],
  [
    "a parameter the route does not have, in a rewrite",
    route('service: orders, rewrite: "/{di}"'),
    ["unknown-parameter 4:52"],
  ],
  ["a broken path", route("service: orders").replace("/a/{id}", "/a/{id"), ["bad-path 4:15"]],
  ["a path without slash", route("service: orders").replace("/a/{id}", "a"), ["wrong-value 4:15"]],
  ["a star in the middle", route("service: orders").replace("{id}", "{id*}/b"), ["bad-path 4:15"]],
  ["auth without gateway.auth", route("service: orders, auth: required"), ["missing-auth 4:49"]],
  ["roles without auth", route("service: orders, roles: [admin]"), ["conflict 4:43"]],
  [
    "a limit by user without auth",
    route("service: orders, rateLimit: { requests: 1, per: 1s, by: user }"),
    ["conflict 4:82"],
  ],
  ["an unknown topic", route("service: orders, cache: { ttl: 1s, purgeOn: [x] }"), ["unknown-topic 4:71"]],
  [
    "an unknown service in jwks",
    `${smallest}gateway: { auth: { issuer: i, audience: a, jwks: "b:/x" } }\n`,
    ["unknown-service 4:50"],
  ],
  [
    "two routes for the same requests",
    'name: t\ngateway:\n  routes:\n    - { path: "/x/{a}", service: s }\n    - { path: "/x/{b}", service: s, methods: [POST, GET] }\nservices:\n  s: { source: s }\n',
    ["duplicate-route 5:53"],
  ],
  ["credentials for any origin", `${smallest}gateway: { cors: { credentials: true } }\n`, ["conflict 4:33"]],
  [
    "a first pause above the longest",
    `${smallest}supervisor: { restart: { first: 9s } }\n`,
    ["conflict 4:33"],
  ],
];

describe("mistakes", () => {
  test.each(mistakes)("%s", (_name, text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  test("all at once, in the order of the file, one refused part hiding no other mistake", () => {
    const text = `name: t
gateway:
  port: 99999
  routes:
    - { path: /a, service: catalogg, methods: [get] }
    - { path: /b, service: catalog, auth: requird, roles: [admin] }
    - { path: /c, servic: catalog }
    - { path: /d, service: ordrs, timeout: 2 parsecs }
services:
  catalog: { source: x, instances: many }
  orders: { source: y, uses: [{ servce: catalog }, catalgo], requires: [orders] }
  catalog: { source: z }
`;
    expect(faults(text)).toEqual([
      "out-of-range 3:9",
      "unknown-service 5:28 catalog",
      "wrong-value 5:48 GET",
      "wrong-value 6:43 required",
      "unknown-key 7:19 service",
      "unknown-service 8:28 orders",
      "bad-duration 8:44",
      "wrong-type 10:36",
      "unknown-key 11:33 service",
      "unknown-service 11:52 catalog",
      "start-up-cycle 11:73",
      "duplicate-key 12:3",
    ]);
  });

  test("a broken file is told once, not at each further token, and with the likely cause", () => {
    const { issues } = parse(
      "name: t\ngateway:\n  routes:\n    - { path: /a/{id}, service: a }\nservices: {}\n",
    );
    expect(issues).toHaveLength(1);
    expect(issues![0]).toMatchObject({ code: "yaml-syntax", line: 4, column: 18 });
    expect(issues![0]!.expected).toContain('"/a/{id}"');
  });

  test("calls may be cyclic", () => {
    valid("name: t\nservices:\n  a: { source: a, uses: [b] }\n  b: { source: b, uses: [a] }\n");
  });

  test("anchors and merge keys are followed, for values and for places", () => {
    expect(
      valid("name: t\nservices:\n  a: &a { source: a, instances: 2 }\n  b: { <<: *a, source: b }\n").services
        .b!.instances,
    ).toBe(2);
    expect(faults("name: t\nservices:\n  a: &a { source: a, instances: 0 }\n  b: *a\n")).toEqual([
      "out-of-range 3:33",
      "out-of-range 3:33",
    ]);
  });

  test("lines are counted the same with any line end", () => {
    const text = "name: t\nservices:\n  a: { source: a }\npolices: {}\n";
    expect(faults(text.replaceAll("\n", "\r\n"))).toEqual(["unknown-key 4:1 policies"]);
  });
});

describe("files", () => {
  const load = (text: string) => {
    const file = join(directory, "topology.yaml");
    writeFileSync(file, text);
    return loadTopology(file);
  };

  test("a source may be a folder or a module", () => {
    const { topology } = load(
      "name: t\nservices:\n  catalog: { source: services/catalog }\n  b: { source: ./services/orders/service.ts }\n",
    );
    expect(topology?.directory).toBe(directory);
    expect(Object.values(topology!.services).map(({ source }) => source)).toEqual([
      join(directory, "services/catalog/service.ts"),
      join(directory, "services/orders/service.ts"),
    ]);
  });

  test("missing folders and files are found, and their likely names", () => {
    const { issues } = load(
      "name: t\ngateway: { static: [{ path: /, directory: web }] }\nservices:\n  a: { source: services/catlog }\n  b: { source: empty }\n  c: { source: services/orders/servce.ts }\n  d: { source: topology.yaml }\n",
    );
    expect(issues!.map(({ code, line, column, suggestion }) => [code, line, column, suggestion])).toEqual([
      ["missing-directory", 2, 43, undefined],
      ["missing-source", 4, 16, "services/catalog"],
      ["missing-source", 5, 16, undefined],
      ["missing-source", 6, 16, "services/orders/service.ts"],
      ["missing-source", 7, 16, undefined],
    ]);
  });

  test("sources may come from elsewhere than the disk", () => {
    const { topology } = parseTopology("name: t\nservices:\n  a: { source: nowhere/a }\n", {
      file: "",
      directory,
      resolveSource: (name, source) => `embedded:${name}:${source}`,
    });
    expect(topology?.services.a?.source).toBe("embedded:a:nowhere/a");
  });

  test("what cannot be read is an issue, under the name it was asked for", () => {
    expect(loadTopology("no/such.yaml").issues).toMatchObject([{ code: "unreadable", file: "no/such.yaml" }]);
    expect(loadTopology(directory).issues).toMatchObject([{ code: "unreadable" }]);
    const large = join(directory, "large.yaml");
    writeFileSync(large, "#".repeat(maxFileBytes + 1));
    expect(loadTopology(large).issues).toMatchObject([{ code: "unreadable" }]);
  });
});
