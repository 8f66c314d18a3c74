/** The observer over links, as workers and the supervisor meet it. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../clock.ts";
import { UnixTransport } from "../../transport/unix.ts";
import type { Link } from "../../transport/transport.ts";
import { encodeBatch } from "../batch-body.ts";
import type { ObserverStats, TimelineEntry, TraceSummary } from "../query.ts";
import { ObserverClient } from "./client.ts";
import { ObserverServer } from "./server.ts";
import { batch, span, traceId } from "./spans-fixture.ts";

let folder: string;
let server: ObserverServer;
let client: ObserverClient;
let links: Link[];

const transport = () => new UnixTransport();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-observer-"));
  links = [];
  server = started();
  await server.start();
  client = new ObserverClient({
    transport: transport(),
    self: { service: "supervisor", instance: "supervisor", generation: 1 },
    locate: async () => server.address,
    clock: systemClock,
  });
});

afterEach(async () => {
  await client.stop();
  await Promise.all(links.map((link) => link.close()));
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function started(): ObserverServer {
  return new ObserverServer({
    transport: transport(),
    address: join(folder, "o.sock"),
    self: { service: "observer", instance: "observer-1", generation: 1 },
    file: join(folder, "observer.sqlite"),
    tickMs: 10,
    quietMs: 20,
  });
}

async function worker(instance: string): Promise<{ link: Link; asked: unknown[] }> {
  const asked: unknown[] = [];
  const link = await transport().connect(server.address, {
    self: { service: "orders", instance, generation: 1 },
    handler: { call: (call) => call.reply(null, null), notify: (_link, head) => void asked.push(head) },
  });
  links.push(link);
  return { link, asked };
}

async function until<T>(ask: () => Promise<T>, ready: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const value = await ask();
    if (ready(value)) return value;
    await Bun.sleep(10);
  }
  throw new Error("not within 5 s");
}

test("a failed span makes it ask every worker; what they send is one trace", async () => {
  const [one, other] = [await worker("orders-1"), await worker("orders-2")];
  one.link.notify(null, encodeBatch(batch(1, { spans: [span({ status: "error" })] })));
  await until(
    async () => [one, other].every(({ asked }) => asked.length > 0),
    (areAsked) => areAsked,
  );
  for (const { asked } of [one, other]) expect(asked).toEqual([{ type: "collect", traceIds: [traceId(1)] }]);
  const late = span({ spanId: "2".repeat(16), parentSpanId: span().spanId });
  other.link.notify(null, encodeBatch(batch(1, { instance: "orders-2", spans: [late] })));
  const found = await until(
    () => client.json<TraceSummary[]>("traces", { status: "error" }),
    ([trace]) => trace?.spans === 2,
  );
  expect(found).toMatchObject([{ traceId: traceId(1), errors: 1 }]);
});

test("answers longer than a frame, and refusals with their code", async () => {
  const { link } = await worker("orders-1");
  const spans = Array.from({ length: 300 }, (_, place) =>
    span({ traceId: traceId(place + 1), name: "x".repeat(500) }),
  );
  link.notify(null, encodeBatch(batch(1, { spans })));
  const all = await until(
    () => client.json<TraceSummary[]>("traces", { limit: "1000" }),
    ({ length }) => length === 300,
  );
  expect(JSON.stringify(all).length).toBeGreaterThan(100_000);
  await expect(client.ask("nothing")).rejects.toMatchObject({ code: "bad-request" });
  await expect(client.ask("toString")).rejects.toMatchObject({ code: "bad-request" });
  await expect(client.ask("traces", { limit: "many" })).rejects.toMatchObject({ code: "bad-request" });
  await expect(client.ask("trace", { traceId: traceId(999) })).rejects.toMatchObject({ code: "not-found" });
  await expect(client.ask("otlp", { signal: "smells" })).rejects.toMatchObject({ code: "bad-request" });
});

test("the timeline is kept, also what is told while the observer is away", async () => {
  const entry = (text: string): TimelineEntry => ({
    at: Date.now(),
    kind: "action",
    text,
    service: "catalog",
  });
  client.note(entry("scale catalog to 3"));
  const told = () =>
    client.json<TimelineEntry[]>("timeline").then((entries) => entries.map(({ text }) => text));
  await until(told, ({ length }) => length === 1);
  await server.stop();
  client.note(entry("kill catalog-1"));
  await Bun.sleep(20);
  server = started();
  await server.start();
  client.note(entry("restart catalog"));
  expect(await until(told, ({ length }) => length === 3)).toEqual([
    "scale catalog to 3",
    "kill catalog-1",
    "restart catalog",
  ]);
});

test("garbage from a link is counted, and the next batch is taken", async () => {
  const { link } = await worker("orders-1");
  for (const text of ["", "{", "null", "7", '"x"', "[]", "{}", '{"type":"x"}', '{"spans":[]}', "\xff\xfe"]) {
    link.notify(null, Buffer.from(text, "latin1"));
  }
  link.notify(null, encodeBatch(batch(1, { spans: [span()] })));
  const stats = await until(
    () => client.json<ObserverStats>("stats"),
    ({ spansStored }) => spansStored === 1,
  );
  expect(stats.dropped.malformed).toBe(10);
});
