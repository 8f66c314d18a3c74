import { afterEach, describe, expect, test } from "bun:test";
import { eventually, type FakeService, Gateways, route } from "../gateway.case.ts";

const gateways = new Gateways();
afterEach(() => gateways.stopAll());

const limits = { bodyBytes: 256 * 1024, headerBytes: 16 * 1024, idleTimeoutMs: 2_000, requestTimeoutMs: 150 };

/** Reads what it gets to its end. */
const reader: FakeService = async ({ request }) => {
  const body = request.body as Uint8Array | ReadableStream<Uint8Array>;
  const bytes = await new Response(body as BodyInit).bytes();
  return { body: JSON.stringify({ length: bytes.length, streamed: body instanceof ReadableStream }) };
};

const start = (service: FakeService = reader, requestTimeoutMs = 10_000) =>
  gateways.start({
    config: { routes: [route("/up", { methods: ["POST"] })], limits: { ...limits, requestTimeoutMs } },
    services: { echo: service },
  });

const post = (headers: string, body = "") => `POST /up HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${"a".repeat(bytes)}\r\n`;

describe("a request body", () => {
  test("is handed over whole when small, as a stream when large or of unknown length", async () => {
    const gateway = await start();
    const send = async (body: BodyInit) => (await gateway.fetch("/up", { method: "POST", body })).json();
    expect(await send("abc")).toEqual({ length: 3, streamed: false });
    expect(await send("a".repeat(64 * 1024))).toEqual({ length: 64 * 1024, streamed: false });
    expect(await send("a".repeat(200 * 1024))).toEqual({ length: 200 * 1024, streamed: true });
    const client = gateway.raw();
    client.send(post("Transfer-Encoding: chunked", `${chunk(10)}${chunk(20)}0\r\n\r\n`));
    await client.until(({ received }) => received.includes('{"length":30,"streamed":true}'));
    client.close();
  });

  test("none is none", async () => {
    const gateway = await start(({ request }) => ({ body: JSON.stringify(request.body) }));
    expect(await (await gateway.fetch("/up", { method: "POST" })).json()).toBeNull();
  });

  test("that announces too much is refused before it is read, and the connection ends", async () => {
    const gateway = await start();
    const client = gateway.raw();
    client.send(post("Content-Length: 999999999", "aaaa"));
    await client.until(({ closed }) => closed);
    expect(client.received).toStartWith("HTTP/1.1 413 ");
    expect(client.received).toContain("/problems/body-too-large");
    expect(gateway.mesh.calls).toEqual([]);
  });

  test("that turns out to be too large is refused on the way, and the call given up", async () => {
    let aborted = false;
    const gateway = await start(async (call) => {
      call.context.signal!.addEventListener("abort", () => {
        aborted = true;
      });
      return reader(call);
    });
    const client = gateway.raw();
    client.send(post("Transfer-Encoding: chunked"));
    for (let i = 0; i < 5; i++) client.send(chunk(64 * 1024));
    await client.until(({ received }) => received.includes("/problems/body-too-large"));
    expect(client.received).toStartWith("HTTP/1.1 413 ");
    expect(aborted).toBe(true);
    client.close();
  });

  test("that comes too slowly is 408, whole or streamed", async () => {
    const gateway = await start(reader, 150);
    for (const head of [
      "Content-Length: 10",
      `Content-Length: ${200 * 1024}`,
      "Transfer-Encoding: chunked",
    ]) {
      const client = gateway.raw();
      client.send(post(head, head.startsWith("T") ? chunk(3) : "aaa"));
      await client.until(({ received }) => received.includes("/problems/request-timeout"));
      expect(client.received).toStartWith("HTTP/1.1 408 ");
      await client.until(({ closed }) => closed);
    }
  });

  test("waits at the client while the service does not read", async () => {
    let resume = () => {};
    const held = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const gateway = await gateways.start({
      config: {
        routes: [route("/up", { methods: ["POST"] })],
        limits: { ...limits, bodyBytes: 64 * 1024 * 1024, requestTimeoutMs: 10_000 },
      },
      services: {
        echo: async (call) => {
          await held;
          return reader(call);
        },
      },
    });
    const client = gateway.raw();
    const megabyte = chunk(1024 * 1024);
    client.send(post("Transfer-Encoding: chunked"));
    for (let i = 0; i < 40; i++) client.send(megabyte);
    client.send("0\r\n\r\n");
    await eventually(() => gateway.mesh.calls.length === 1);
    await Bun.sleep(200);
    // What the kernel's buffers took is out of the client's hands; the rest is not.
    expect(client.socket.writableLength).toBeGreaterThan(16 * 1024 * 1024);
    resume();
    await client.until(({ received }) => received.includes(`{"length":${40 * 1024 * 1024}`));
    client.close();
  });

  test("a client that leaves in the middle ends the call", async () => {
    let aborted = false;
    const gateway = await start(async (call) => {
      call.context.signal!.addEventListener("abort", () => {
        aborted = true;
      });
      return reader(call);
    });
    const client = gateway.raw();
    client.send(post("Transfer-Encoding: chunked", chunk(1000)));
    await eventually(() => gateway.mesh.calls.length === 1);
    client.close();
    await eventually(() => aborted);
  });
});
