import { afterAll, beforeAll, expect, test } from "bun:test";
import { Hono } from "hono";
import { problemHandler } from "../problems.ts";
import { type GatewayAnswer, requestRoutes } from "./request.ts";

let server: Bun.Server<undefined>;
let app: Hono;

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/echo") {
        const { method, headers } = request;
        return Response.json({ method, search, headers, body: await request.text() }, { status: 202 });
      }
      if (pathname === "/away") return Response.redirect("http://127.0.0.1:1/", 302);
      if (pathname === "/large") return new Response("é".repeat(2_000_000));
      if (pathname === "/bytes") return new Response(new Uint8Array([0xff, 0xfe, 0]));
      return new Response("no", { status: 404 });
    },
  });
  const gateway = () => `http://127.0.0.1:${server.port}`;
  app = new Hono().route("/", requestRoutes({ gateway })).onError(problemHandler(() => {}));
});
afterAll(() => server.stop(true));

async function ask(input: object): Promise<GatewayAnswer & { type?: string }> {
  const response = await app.request("/request", { method: "POST", body: JSON.stringify(input) });
  return (await response.json()) as GatewayAnswer;
}

test("sends what was given in a sampled trace of its own, and shows all of the answer", async () => {
  const headers = { "X-A": "1", host: "evil.example", "content-length": "1", traceparent: "mine" };
  const answer = await ask({ method: "post", path: "/echo?q=1", headers, body: '{"a":1}' });
  expect(answer).toMatchObject({ status: 202, statusText: "Accepted", binary: false });
  const echo = JSON.parse(answer.body);
  expect(echo).toMatchObject({ method: "POST", search: "?q=1", body: '{"a":1}' });
  expect(echo.headers).toMatchObject({ "x-a": "1", host: `127.0.0.1:${server.port}` });
  expect(echo.headers.traceparent).toMatch(new RegExp(`^00-${answer.traceId}-[0-9a-f]{16}-01$`));
  expect(answer.headers).toContainEqual(["content-type", "application/json;charset=utf-8"]);
});

test("asks the gateway only", async () => {
  for (const path of ["http://127.0.0.1:1/", "\\\\127.0.0.1:1/", "/\\127.0.0.1:1", ""]) {
    expect((await ask({ method: "GET", path })).type).toEndWith("/bad-request");
  }
  expect((await ask({ method: "GET", path: "//127.0.0.1:1/" })).status).toBe(404);
  expect((await ask({ method: "GET", path: "/away" })).status).toBe(302);
});

test("shows the beginning of what is large, and the size of what is no text", async () => {
  const large = await ask({ method: "GET", path: "/large" });
  expect(large.cut).toBe("size");
  expect(Buffer.byteLength(large.body)).toBe(1024 * 1024);
  expect(await ask({ method: "GET", path: "/bytes" })).toMatchObject({ body: "", binary: true, bytes: 3 });
});

test("refuses what is no request", async () => {
  for (const input of [
    { method: "GE T" },
    { headers: { "a b": "1" } },
    { headers: { a: "1\r\nb: 2" } },
    { body: "x" },
  ]) {
    expect((await ask({ method: "GET", path: "/echo", ...input })).type).toEndWith("/bad-request");
  }
});
