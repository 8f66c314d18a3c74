import { afterEach, describe, expect, test } from "bun:test";
import { eventStream, eventually, Gateways, route } from "./gateway.case.ts";
import { gatewayRole } from "./role.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const limits = { bodyBytes: 1024, headerBytes: 8 * 1024, idleTimeoutMs: 1_000, requestTimeoutMs: 5_000 };
const answersIn = (received: string) => received.split("HTTP/1.1 200").length - 1;

describe("a connection", () => {
  test("is kept for further requests, and ones sent ahead are answered in their order", async () => {
    const gateway = await gateways.start({ config: { limits, routes: [route("/a/{id}")] } });
    const client = gateway.raw();
    client.send(get("/healthz") + get("/nowhere") + get("/healthz"));
    await client.until(({ received }) => answersIn(received) === 2);
    expect(client.received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      "HTTP/1.1 200",
      "HTTP/1.1 404",
      "HTTP/1.1 200",
    ]);
    client.send(get("/a/1"));
    await client.until(({ received }) => answersIn(received) === 3);
    client.close();
  });

  test("never gets an answer that belongs to another request", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a/{id}")] },
      services: { echo: ({ request }) => Bun.sleep(20).then(() => ({ body: JSON.stringify(request.path) })) },
    });
    const client = gateway.raw();
    client.send(get("/a/1") + get("/a/2"));
    await client.until(({ received }) => received.includes("/a/2"));
    expect(client.received.indexOf("/a/2")).toBeGreaterThan(client.received.indexOf("/a/1"));
    client.close();
  });

  test("with a head too large gets 431 and ends, whether a little or much", async () => {
    const gateway = await gateways.start({ config: { limits, routes: [route("/a")] } });
    const little = gateway.raw();
    little.send(get("/a", `X-Big: ${"a".repeat(10 * 1024)}\r\n`));
    await little.until(({ received }) => received.includes("/problems/head-too-large"));
    expect(little.received).toStartWith("HTTP/1.1 431 ");
    const much = gateway.raw();
    much.send(get("/a", `X-Big: ${"a".repeat(200 * 1024)}\r\n`));
    await much.until(({ closed }) => closed);
    expect(much.received).toStartWith("HTTP/1.1 431 ");
    expect(much.received).toContain("/problems/head-too-large");
    const fine = gateway.raw();
    fine.send(get("/a", `X-Big: ${"a".repeat(7 * 1024)}\r\n`));
    await fine.until(({ received }) => received.startsWith("HTTP/1.1 200 "));
    await little.until(({ closed }) => closed);
    fine.close();
  });

  test("whose bytes are no HTTP is closed, and others go on", async () => {
    const gateway = await gateways.start({ config: { routes: [route("/a")] } });
    const garbage = [
      "\x16\x03\x01\x02\x00",
      "GET\r\n\r\n",
      "GET /a HTTP/1.1\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ];
    for (const bytes of garbage) {
      const client = gateway.raw();
      client.send(`${bytes}\r\n\r\n`);
      await client.until(({ received, closed }) => closed || received.startsWith("HTTP/1.1 400 "));
      client.close();
    }
    expect((await gateway.fetch("/a")).status).toBe(200);
  });
});

describe("an answer", () => {
  test("reaches a client that is still sending what nobody will read", async () => {
    const gateway = await gateways.start({
      config: { limits, routes: [route("/up", { methods: ["POST"] })] },
    });
    const client = gateway.raw();
    client.send(`POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`);
    client.send("a".repeat(8 * 1024 * 1024));
    await client.until(({ received }) => received.includes("/problems/body-too-large"));
    expect(client.received).toStartWith("HTTP/1.1 413 ");
    await client.until(({ closed }) => closed);
  });

  test("with a header that would begin another line is a problem", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      // U+010D, cut to a byte, is a carriage return.
      services: { echo: () => ({ headers: ["x-name", "a\u010D\u010ASet-Cookie: evil=1"] }) },
    });
    const answer = await gateway.fetch("/a");
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ type: "https://microcosm.dev/problems/bad-reply" });
  });

  test("whose length the service announced keeps it, and one that falls short ends the connection", async () => {
    const text = new TextEncoder().encode("12345");
    const streamOf = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(text);
          controller.close();
        },
      });
    let announced = "5";
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: { echo: () => ({ headers: ["content-length", announced], body: streamOf() }) },
    });
    const whole = await gateway.fetch("/a");
    expect(whole.headers.get("content-length")).toBe("5");
    expect(await whole.text()).toBe("12345");
    announced = "6";
    const client = gateway.raw();
    client.send(get("/a"));
    await client.until(({ closed }) => closed);
    expect(client.received).toEndWith("12345");
  });

  test("that a client does not take does not pile up here, and the client is cut off", async () => {
    let produced = 0;
    let cancelled = false;
    const gateway = await gateways.start({
      config: { limits: { ...limits, idleTimeoutMs: 200 }, routes: [route("/a")] },
      services: {
        echo: () => ({
          body: new ReadableStream<Uint8Array>({
            pull(controller) {
              produced += 64 * 1024;
              controller.enqueue(new Uint8Array(64 * 1024));
            },
            cancel() {
              cancelled = true;
            },
          }),
        }),
      },
    });
    const client = gateway.raw();
    client.socket.pause();
    client.send(get("/a"));
    await eventually(() => cancelled);
    // What the kernel holds for both ends, and a little.
    expect(produced).toBeLessThan(32 * 1024 * 1024);
    client.close();
  });
});

describe("a client that leaves", () => {
  test("cancels the call", async () => {
    let aborted = false;
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: {
        echo: ({ context }) => {
          context.signal!.addEventListener("abort", () => {
            aborted = true;
          });
          return new Promise(() => {});
        },
      },
    });
    const client = gateway.raw();
    client.send(get("/a"));
    await eventually(() => gateway.mesh.calls.length === 1);
    client.close();
    await eventually(() => aborted);
    await eventually(() => gateway.role.load().pending === 0);
  });

  test("cancels a stream under way, and the call's signal with it", async () => {
    const { state, service } = eventStream();
    const gateway = await gateways.start({
      config: { routes: [route("/events")] },
      services: { echo: service },
    });
    const client = gateway.raw();
    client.send(get("/events"));
    await client.until(({ received }) => received.includes("data: 1"));
    client.close();
    await eventually(() => state.cancelled);
    await eventually(() => state.aborted);
  });
});

describe("streams", () => {
  test("that break end the connection instead of looking whole", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/a")] },
      services: {
        echo: () => ({
          headers: ["content-type", "text/plain"],
          body: new ReadableStream<Uint8Array>({
            async pull(controller) {
              controller.enqueue(new TextEncoder().encode("half"));
              await Bun.sleep(20);
              controller.error(new Error("broke"));
            },
          }),
        }),
      },
    });
    const client = gateway.raw();
    client.send(get("/a"));
    await client.until(({ closed }) => closed);
    expect(client.received).not.toEndWith("0\r\n\r\n");
    expect(client.received).not.toContain("broke");
    expect((await gateway.fetch("/healthz")).status).toBe(200);
  });
});

describe("draining", () => {
  test("lets requests under way end, closes idle connections and takes no new ones", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gateway = await gateways.start({
      config: { routes: [route("/held")] },
      services: { echo: () => held.then(() => ({})) },
    });
    const [idle, busy] = [gateway.raw(), gateway.raw()];
    idle.send(get("/healthz"));
    await idle.until(({ received }) => answersIn(received) === 1);
    busy.send(get("/held"));
    await eventually(() => gateway.mesh.calls.length === 1);
    const unfinished = gateway.role.drain(10_000);
    await idle.until(({ closed }) => closed);
    const late = gateway.raw();
    await late.until(({ closed }) => closed);
    release();
    await busy.until(({ received, closed }) => answersIn(received) === 1 && closed);
    expect(await unfinished).toBe(0);
  });

  test("is bounded, and says how many were left", async () => {
    const gateway = await gateways.start({
      config: { routes: [route("/held")] },
      services: { echo: () => new Promise(() => {}) },
    });
    const clients = [gateway.raw(), gateway.raw()];
    for (const client of clients) client.send(get("/held"));
    await eventually(() => gateway.mesh.calls.length === 2);
    expect(await gateway.role.drain(50)).toBe(2);
    await gateway.role.stop();
    await Promise.all(clients.map((client) => client.until(({ closed }) => closed)));
  });

  test("ends streams of events, whose clients come back elsewhere", async () => {
    const { state, service } = eventStream();
    const gateway = await gateways.start({
      config: { routes: [route("/events")] },
      services: { echo: service },
    });
    const client = gateway.raw();
    client.send(get("/events"));
    await client.until(({ received }) => received.includes("data: 1"));
    expect(await gateway.role.drain(10_000)).toBe(0);
    await client.until(({ closed }) => closed);
    expect(client.received).toEndWith("0\r\n\r\n");
    expect(state.cancelled).toBe(true);
  });
});

describe("the role", () => {
  test("names a port that is taken and what to do", async () => {
    const { port } = await gateways.start();
    const second = gateways.start({ config: { port } });
    await expect(second).rejects.toMatchObject({ code: "port-in-use" });
    await expect(second).rejects.toThrow(new RegExp(`${port}.*--port`));
  });

  test("stops twice, before and after a start, and frees its port", async () => {
    const unstarted = gatewayRole();
    await unstarted.stop();
    expect((await unstarted.health()).ok).toBe(false);
    expect(await unstarted.drain(10)).toBe(0);
    const gateway = await gateways.start();
    expect(await gateway.role.health()).toEqual({ ok: true });
    await Promise.all([gateway.role.stop(), gateway.role.stop()]);
    const again = await gateways.start({ config: { port: gateway.port } });
    expect(again.port).toBe(gateway.port);
  });

  test("stops although the broker does not answer", async () => {
    const gateway = await gateways.start({
      brokerAnswers: false,
      bounds: { unsubscribeTimeoutMs: 20 },
      config: {
        routes: [route("/a", { cache: { ttlMs: 1, maxEntries: 1, purgeOn: ["t"], varyByUser: false } })],
      },
    });
    expect((await gateway.fetch("/a")).status).toBe(200);
    await gateway.role.stop();
  });

  test("refuses a route with auth when there is no auth section", async () => {
    await expect(gateways.start({ config: { routes: [route("/a", { auth: "required" })] } })).rejects.toThrow(
      "gateway.auth is missing",
    );
  });
});
