/** What takes seconds by nature: side by side, in a file of its own. */
import { afterAll, describe, expect, test } from "bun:test";
import { eventStream, Gateways, route } from "./gateway.case.ts";

const gateways = new Gateways();
afterAll(() => gateways.stopAll());

const get = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const limits = { bodyBytes: 1024, headerBytes: 8 * 1024, idleTimeoutMs: 1_000, requestTimeoutMs: 5_000 };
const answersIn = (received: string) => received.split("HTTP/1.1 200").length - 1;

describe("idle time", () => {
  test.concurrent("a client that sends its head drop by drop is closed, however it goes on dropping", async () => {
    const gateway = await gateways.start({ config: { limits, routes: [route("/a")] } });
    const [first, reused] = [gateway.raw(), gateway.raw()];
    reused.send(get("/a"));
    await reused.until(({ received }) => answersIn(received) === 1);
    for (const client of [first, reused]) client.send("GET /a HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    const drip = setInterval(() => {
      for (const client of [first, reused]) client.send("a");
    }, 300);
    try {
      await Promise.all([first, reused].map((client) => client.until(({ closed }) => closed, 25_000)));
    } finally {
      clearInterval(drip);
    }
    expect(gateway.mesh.calls.length).toBe(1);
  }, 30_000);

  test.concurrent("a connection may be silent for longer than idleTimeout while its route takes long, and is idle again afterwards", async () => {
    const gateway = await gateways.start({
      config: { limits, routes: [route("/long", { timeoutMs: 20_000 })] },
      services: { echo: () => Bun.sleep(5_500).then(() => ({})) },
    });
    const client = gateway.raw();
    client.send(get("/long"));
    await client.until(({ received }) => answersIn(received) === 1, 20_000);
    await client.until(({ closed }) => closed, 20_000);
  }, 45_000);

  test.concurrent("a stream of events arrive event by event, outlive idleTimeout, and are never compressed", async () => {
    const { state, service } = eventStream();
    const gateway = await gateways.start({
      config: { limits, routes: [route("/events", { timeoutMs: 60_000 })] },
      services: { echo: service },
    });
    const client = gateway.raw();
    client.send(get("/events", "Accept-Encoding: gzip, br, zstd\r\n"));
    await client.until(({ received }) => received.includes("data: 1"));
    expect(client.received.toLowerCase()).not.toContain("content-encoding");
    await Bun.sleep(6_000);
    state.next();
    await client.until(({ received }) => received.includes("data: 2"));
    expect(client.closed).toBe(false);
    client.close();
  }, 20_000);
});
