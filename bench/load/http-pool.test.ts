import { afterEach, describe, expect, test } from "bun:test";
import type { Exchange, FailureKind, ReplySink } from "./exchange.ts";
import { HttpPool, type PoolOptions } from "./http-pool.ts";
import { makeRequest, parseTarget } from "./request.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function poolFor(port: number, options: Partial<PoolOptions> = {}): HttpPool {
  const pool = new HttpPool({
    hostname: "127.0.0.1",
    port,
    tls: false,
    maxConnections: 4,
    timeoutMs: 10_000,
    maxWaiting: 100,
    ...options,
  });
  pool.start();
  stops.push(() => pool.stop());
  return pool;
}

interface Outcome {
  readonly status?: number;
  readonly body?: string;
  readonly kind?: FailureKind;
  readonly detail?: string;
  readonly context: unknown;
}

function ask(
  pool: HttpPool,
  port: number,
  parts: Partial<Parameters<typeof makeRequest>[1]> = {},
  context?: unknown,
) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const sink: ReplySink = {
    replied: ({ reply, context }: Exchange) =>
      resolve({ status: reply.status, body: Buffer.from(reply.body()).toString(), context }),
    failed: (kind, detail, { context }) => resolve({ kind, detail, context }),
  };
  const target = parseTarget(`127.0.0.1:${port}`);
  pool.send(makeRequest(target, { path: "/", keepReply: true, ...parts }), performance.now(), sink, context);
  return promise;
}

function serve(fetch: (request: Request) => Response | Promise<Response>): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  stops.push(() => void server.stop(true));
  return server.port!;
}

interface RawSocket {
  write(text: string): unknown;
  terminate(): void;
  end(): void;
}

/** A server below HTTP: what it does with each request is up to the test. */
function listen(onData: (socket: RawSocket, text: string) => void): { port: number; accepted: () => number } {
  let accepted = 0;
  const server = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: {
      open: () => void accepted++,
      data: (socket, data) => onData(socket, data.toString("latin1")),
    },
  });
  stops.push(() => server.stop(true));
  return { port: server.port, accepted: () => accepted };
}

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

describe("a pool", () => {
  test("sends method, headers and a body of a megabyte, and reads the answer", async () => {
    const port = serve(async (request) => {
      const text = await request.text();
      return Response.json({ method: request.method, x: request.headers.get("x"), length: text.length });
    });
    const pool = poolFor(port);
    const outcome = await ask(pool, port, { method: "POST", headers: { x: "y" }, body: "b".repeat(1 << 20) });
    expect(JSON.parse(outcome.body!)).toEqual({ method: "POST", x: "y", length: 1 << 20 });
  });

  test("keeps to its connections, and what waits goes out in order", async () => {
    const seen: string[] = [];
    const { port, accepted } = listen((socket, text) => {
      seen.push(/\/\d+/.exec(text)![0]);
      socket.write(ok);
    });
    const pool = poolFor(port, { maxConnections: 1 });
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    const outcomes = await Promise.all(paths.map((path, i) => ask(pool, port, { path }, i)));
    expect(outcomes.map(({ status, context }) => [status, context])).toEqual(paths.map((_, i) => [200, i]));
    expect(seen).toEqual(paths);
    expect(accepted()).toBe(1);
    expect(pool.pending).toBe(0);
  });

  test("gives a connection that the server closes up, and opens another", async () => {
    const { port, accepted } = listen((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
      socket.end();
    });
    const pool = poolFor(port, { maxConnections: 1 });
    const outcomes = await Promise.all([ask(pool, port), ask(pool, port), ask(pool, port)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual([200, 200, 200]);
    expect(accepted()).toBe(3);
  });

  test("takes an answer that ends with the connection", async () => {
    const { port } = listen((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      socket.end();
    });
    expect(await ask(poolFor(port), port)).toMatchObject({ status: 200, body: "until the end" });
  });
});

describe("a failure is told by its kind:", () => {
  test("refused", async () => {
    const port = freedPort();
    const pool = poolFor(port, { maxConnections: 1 });
    const outcomes = await Promise.all([ask(pool, port), ask(pool, port)]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(["refused", "refused"]);
  });

  test("reset, before and in the middle of an answer", async () => {
    const { port } = listen((socket, text) => {
      if (text.includes("/half")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
      setTimeout(() => socket.terminate(), 20);
    });
    const pool = poolFor(port);
    expect(await ask(pool, port)).toMatchObject({ kind: "reset" });
    expect(await ask(pool, port, { path: "/half" })).toMatchObject({ kind: "reset" });
    expect(pool.connections).toBe(0);
  });

  test("timeout, of what was sent; unsent, of what waited for a connection", async () => {
    const { port } = listen(() => undefined);
    const pool = poolFor(port, { maxConnections: 1, timeoutMs: 150 });
    const sent = ask(pool, port);
    const waiting = ask(pool, port);
    expect(await sent).toMatchObject({ kind: "timeout" });
    expect(["unsent", "timeout"]).toContain((await waiting).kind!);
  });

  test("garbage", async () => {
    const { port } = listen((socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    expect(await ask(poolFor(port), port)).toMatchObject({
      kind: "garbage",
      detail: "the answer does not begin with HTTP/",
    });
  });

  test("unsent, when more wait than may", async () => {
    const { port } = listen(() => undefined);
    const pool = poolFor(port, { maxConnections: 1, maxWaiting: 1 });
    const first = ask(pool, port);
    const second = ask(pool, port);
    expect(await ask(pool, port)).toMatchObject({ kind: "unsent" });
    pool.stop();
    expect(await first).toMatchObject({ kind: "reset", detail: "the run ended" });
    expect(await second).toMatchObject({ kind: "unsent" });
  });
});

function freedPort(): number {
  const server = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

describe("a request", () => {
  const target = parseTarget("127.0.0.1:9");
  test("that would break the framing is refused", () => {
    expect(() => makeRequest(target, { path: "/a b" })).toThrow("path");
    expect(() => makeRequest(target, { path: "a" })).toThrow("path");
    expect(() => makeRequest(target, { path: "/", method: "GET /" })).toThrow("method");
    expect(() => makeRequest(target, { path: "/", headers: { x: "a\r\nb: c" } })).toThrow("header");
  });

  test("to a bad URL is refused", () => {
    expect(parseTarget("https://[::1]/x")).toMatchObject({ hostname: "::1", port: 443, tls: true });
    for (const text of ["ftp://x", "http://", "::"]) expect(() => parseTarget(text)).toThrow("not a URL");
  });
});
