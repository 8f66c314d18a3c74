import { afterEach, describe, expect, test } from "bun:test";
import { problem, problemTypeBase } from "../sdk/problem.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { type Call, Gateways, jsonHeaders, route } from "./gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const text = (body: Call["request"]["body"]) => Buffer.from(body as Uint8Array).toString();
const header = (headers: readonly string[], name: string) => {
  const at = headers.findIndex((value, index) => index % 2 === 0 && value === name);
  return at < 0 ? undefined : headers[at + 1];
};

describe("a routed request", () => {
  test("reaches its service under the rewritten path, query kept, and its answer comes back", async () => {
    const gateway = await gateways.start({
      config: {
        routes: [
          route("/v1/orders/{id}/lines/{line}", {
            methods: ["POST"],
            target: { kind: "service", service: "orders", rewrite: "/lines/{line}/of/{id}" },
          }),
        ],
      },
      services: {
        orders: ({ request }) => ({
          status: 201,
          headers: [...jsonHeaders, "location", "/x", "x-mine", "1"],
          body: JSON.stringify({ path: request.path, body: text(request.body) }),
        }),
      },
    });
    const response = await gateway.fetch("/v1/orders/a%2Fb/lines/7?x=%20&y=2", {
      method: "POST",
      body: "hello",
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ path: "/lines/7/of/a%2Fb?x=%20&y=2", body: "hello" });
    expect(response.headers.get("location")).toBe("/x");
    expect(response.headers.get("x-mine")).toBe("1");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("takes the most exact route, whatever their order in the file", async () => {
    const to = (service: string) => ({ target: { kind: "service", service, rewrite: "/" } as const });
    const gateway = await gateways.start({
      config: {
        routes: [
          route("/files/{rest*}", to("rest")),
          route("/files/{id}", to("parameter")),
          route("/files/special", to("literal")),
          route("/files/{id}/meta", to("deeper")),
        ],
      },
      services: Object.fromEntries(
        ["rest", "parameter", "literal", "deeper"].map((name) => [name, () => ({ body: `"${name}"` })]),
      ),
    });
    const answers = ["special", "7", "7/meta", "a/b/c"].map(async (path) =>
      (await gateway.fetch(`/files/${path}`)).json(),
    );
    expect(await Promise.all(answers)).toEqual(["literal", "parameter", "deeper", "rest"]);
  });

  test("passes {rest*} on whole, and has escaped letters and dot segments resolved before routes are asked", async () => {
    const gateway = await gateways.start({
      config: {
        routes: [
          route("/files/{rest*}", { target: { kind: "service", service: "echo", rewrite: "/f/{rest}" } }),
          route("/admin", { target: { kind: "service", service: "echo", rewrite: "/admin" } }),
        ],
      },
      services: { echo: ({ request }) => ({ body: JSON.stringify(request.path) }) },
    });
    const paths = ["/files/a/b/c.txt?q", "/%66iles/%7Ex", "/files/x/%2e%2e/y", "/files/a%2f..%2fb"];
    const answers = paths.map(async (path) => (await gateway.fetch(path)).json());
    expect(await Promise.all(answers)).toEqual(["/f/a/b/c.txt?q", "/f/~x", "/f/y", "/f/a%2F..%2Fb"]);
  });

  test("HEAD alone is a route of its own", async () => {
    const gateway = await gateways.start({
      config: {
        routes: [route("/only", { methods: ["HEAD"] }), route("/both", { methods: ["GET", "HEAD"] })],
      },
      services: { echo: ({ request }) => ({ headers: ["x-method", request.method] }) },
    });
    for (const path of ["/only", "/both"]) {
      const head = await gateway.fetch(path, { method: "HEAD" });
      expect([head.status, head.headers.get("x-method")]).toEqual([200, "HEAD"]);
      expect(head.headers.get("content-length")).toBe("2");
    }
    const get = await gateway.fetch("/only");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "HEAD"]);
  });

  test("HEAD is answered by a GET route, without a body", async () => {
    const gateway = await gateways.start({ config: { routes: [route("/a")] } });
    const response = await gateway.fetch("/a", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(gateway.mesh.calls[0]!.request.method).toBe("HEAD");
  });

  test("repeated headers of an answer all arrive; hop-by-hop ones end at the gateway", async () => {
    const headers = [
      "set-cookie",
      "a=1",
      "set-cookie",
      "b=2",
      "connection",
      "x",
      "keep-alive",
      "9",
      "x-ok",
      "1",
    ];
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: { echo: () => ({ headers }) },
    });
    const response = await gateway.fetch("/a");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("keep-alive")).toBeNull();
    expect(response.headers.get("x-ok")).toBe("1");
  });

  test("an answer with a status that HTTP cannot carry is a problem", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: { echo: () => ({ status: 101 }) },
    });
    const response = await gateway.fetch("/a");
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ type: `${problemTypeBase}bad-reply` });
  });
});

describe("what a service learns of the client", () => {
  const spoofed = {
    "x-forwarded-for": "6.6.6.6",
    forwarded: "for=6.6.6.6",
    "x-real-ip": "6.6.6.6",
    "x-user-id": "root",
    "x-user-roles": "admin",
    "x-microcosm-user": "root",
    connection: "keep-alive, x-hop",
    "x-hop": "1",
    te: "trailers",
    "proxy-authorization": "Basic x",
    "x-mine": "kept",
    "accept-language": "de",
  };

  test("comes from the socket; its own word about address and identity does not", async () => {
    const gateway = await gateways.start({ config: { routes: [route("/a")] } });
    await gateway.fetch("/a", { headers: spoofed });
    const { request, context } = gateway.mesh.calls[0]!;
    expect(JSON.stringify(request.headers)).not.toContain("6.6.6.6");
    expect(JSON.stringify(request.headers)).not.toContain("root");
    expect(header(request.headers, "x-forwarded-for")).toBe("127.0.0.1");
    expect(header(request.headers, "forwarded")).toBe(
      `for=127.0.0.1;host="127.0.0.1:${gateway.port}";proto=http`,
    );
    expect(header(request.headers, "x-mine")).toBe("kept");
    expect(header(request.headers, "accept-language")).toBe("de");
    for (const dropped of ["x-hop", "te", "connection", "proxy-authorization", "x-user-roles", "host"]) {
      expect(header(request.headers, dropped)).toBeUndefined();
    }
    expect(context.user).toBeUndefined();
  });

  test("a sane request id is kept, any other replaced, and both echoed", async () => {
    const gateway = await gateways.start({ config: { routes: [route("/a")] } });
    const kept = await gateway.fetch("/a", { headers: { "x-request-id": "order-42.x" } });
    expect(kept.headers.get("x-request-id")).toBe("order-42.x");
    expect(gateway.mesh.calls[0]!.context.requestId).toBe("order-42.x");
    for (const bad of ["a b", "<script>", "x".repeat(129)]) {
      const made = await gateway.fetch("/a", { headers: { "x-request-id": bad } });
      expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  test("a trace goes on in a span of its own; a malformed one is begun anew", async () => {
    const gateway = await gateways.start({ config: { routes: [route("/a")] } });
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    await gateway.fetch("/a", { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
    await gateway.fetch("/a", { headers: { traceparent: "00-zz" } });
    await gateway.fetch("/a");
    const [continued, malformed, fresh] = gateway.mesh.calls.map((call) => call.context.traceparent);
    expect(continued).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
    expect(malformed).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(fresh!.slice(3, 35)).not.toBe(malformed!.slice(3, 35));
  });
});

describe("problems", () => {
  test("an unknown path, and a known one with another method", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a/{id}"), route("/a/{id}", { methods: ["PUT", "DELETE"] })] },
    });
    const missing = await gateway.fetch("/nowhere");
    expect(missing.status).toBe(404);
    expect(missing.headers.get("content-type")).toBe("application/problem+json");
    expect(await missing.json()).toEqual({
      type: `${problemTypeBase}not-found`,
      title: "Not found",
      status: 404,
      detail: "Nothing is at /nowhere.",
      requestId: missing.headers.get("x-request-id"),
    });
    const wrong = await gateway.fetch("/a/1", { method: "POST" });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("DELETE, GET, HEAD, PUT");
    expect(await wrong.json()).toMatchObject({ type: `${problemTypeBase}method-not-allowed`, status: 405 });
    const options = await gateway.fetch("/a/1", { method: "OPTIONS" });
    expect(options.status).toBe(204);
    expect(options.headers.get("allow")).toBe("DELETE, GET, HEAD, PUT");
  });

  const failures = [
    ["no-ready-instance", 503],
    ["overloaded", 503],
    ["link-closed", 503],
    ["deadline-exceeded", 504],
    ["edge-not-declared", 502],
    ["handler-failed", 500],
  ] as const;
  for (const [code, status] of failures) {
    test(`a call that fails as ${code} is ${status} and shows nothing of the inside`, async () => {
      const gateway = await gateways.start({
        config: { routes: [route("/a")] },
        services: {
          echo: () => {
            throw new MicrocosmError(code, "broke at /secret/path", { cause: new Error("deeper") });
          },
        },
      });
      const response = await gateway.fetch("/a");
      const body = await response.text();
      expect(response.status).toBe(status);
      expect(body).not.toContain("secret");
      expect(JSON.parse(body)).toMatchObject({
        type: problemTypeBase + code,
        requestId: response.headers.get("x-request-id"),
      });
      expect(response.headers.get("retry-after")).toBe(status === 503 ? "1" : null);
      expect(gateway.log.lines.join()).toContain("secret");
    });
  }

  test("a defect is 500 without a stack trace", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: {
        echo: () => {
          throw new TypeError("undefined is not a function at secret.ts:1");
        },
      },
    });
    const response = await gateway.fetch("/a");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });

  test("a route's timeout is 504", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a", { timeoutMs: 30 })] },
      services: { echo: () => new Promise(() => {}) },
    });
    const response = await gateway.fetch("/a");
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ type: `${problemTypeBase}deadline-exceeded` });
  });

  test("a service's own problem keeps all it says and gains the request id", async () => {
    const own = problem(422, "validation-failed", "email: missing", { errors: [{ path: "email" }] });
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: {
        echo: () => ({
          status: 422,
          headers: ["content-type", "application/problem+json"],
          body: JSON.stringify(own),
        }),
      },
    });
    const response = await gateway.fetch("/a", { headers: { "x-request-id": "r1" } });
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({ ...own.toJSON(), requestId: "r1" });
  });

  test("an error in plain text becomes a problem, one in JSON passes untouched", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/text"), route("/json")] },
      services: {
        echo: ({ request }) =>
          request.path === "/text"
            ? { status: 500, headers: ["content-type", "text/plain"], body: "Error: x\n    at secret.ts:1" }
            : { status: 409, body: '{"mine":true}' },
      },
    });
    const text = await gateway.fetch("/text");
    expect(text.status).toBe(500);
    expect(text.headers.get("content-type")).toBe("application/problem+json");
    expect(await text.text()).not.toContain("secret");
    const json = await gateway.fetch("/json");
    expect(json.status).toBe(409);
    expect(await json.json()).toEqual({ mine: true });
  });
});

describe("health", () => {
  test("/healthz is alive, /readyz names the services that are not", async () => {
    const target = { kind: "service", service: "orders", rewrite: "/" } as const;
    const parts = [{ name: "p", service: "catalog", path: "/", required: false, timeoutMs: 100 }];
    const gateway = await gateways.start({
      config: { routes: [route("/a", { target }), route("/b", { target: { kind: "aggregate", parts } })] },
    });
    expect((await gateway.fetch("/healthz")).status).toBe(200);
    expect((await gateway.fetch("/readyz")).status).toBe(200);
    gateway.notReady.add("catalog").add("unrouted");
    expect((await gateway.fetch("/healthz")).status).toBe(200);
    const response = await gateway.fetch("/readyz");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({
      type: `${problemTypeBase}not-ready`,
      notReady: ["catalog"],
    });
  });
});

test("requests are counted by route, status and duration", async () => {
  const gateway = await gateways.start({
    config: { routes: [route("/a"), route("/b")] },
    services: { echo: ({ request }) => ({ status: request.path === "/b" ? 500 : 200 }) },
  });
  await gateway.fetch("/a");
  await gateway.fetch("/a");
  await gateway.fetch("/b");
  await gateway.fetch("/nowhere");
  const rows = Object.fromEntries(gateway.role.metrics!.snapshot().map((row) => [row.route, row]));
  expect(rows["GET /a"]).toMatchObject({ requests: 2, errors: 0 });
  expect(rows["GET /b"]).toMatchObject({ requests: 1, errors: 1 });
  expect(rows.unmatched).toMatchObject({ requests: 1, errors: 0 });
  expect(rows["GET /a"]!.durationBuckets.reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(gateway.role.load()).toEqual({ pending: 0, calls: 4, errors: 1 });
});
