import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import { Recorder } from "../telemetry/recorder/recorder.ts";
import { MemoryTransport } from "../transport/memory.ts";
import type { IncomingBody, Link, OutgoingBody, Transport } from "../transport/transport.ts";
import { UnixTransport } from "../transport/unix.ts";
import { random, textOf, until } from "./network.case.ts";
import type { ServedCall } from "./served-call.ts";
import { CallServer, type CallServerOptions } from "./server.ts";
import { ServerTelemetry } from "./server-telemetry.ts";

const self = { service: "orders", instance: "orders-1", generation: 1 };
const goodHead = ["GET", "/", [], "", 1, null, null];
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Outcome {
  readonly head?: unknown;
  readonly body?: IncomingBody;
  readonly error?: MicrocosmError;
}

/** A server and a link to it that says whatever it is told to. */
async function serve(
  handler: (call: ServedCall) => void,
  options: Partial<CallServerOptions> = {},
  transport: Transport = new MemoryTransport(),
  address = "orders-1",
) {
  const server = new CallServer({
    self,
    callers: ["gateway"],
    maxConcurrency: 2,
    handler,
    random,
    ...options,
  });
  const listener = await transport.listen(address, { self, handler: server });
  const caller = { service: "gateway", instance: "gateway-1", generation: 1 };
  const link = await transport.connect(address, { self: caller, handler: { call: () => {} } });
  stops.push(async () => {
    await link.close();
    await server.stop();
    await listener.stop();
  });
  return { server, link };
}

function ask(link: Link, head: unknown = goodHead, body: OutgoingBody = null): Promise<Outcome> {
  return new Promise((resolve) => {
    link.call(head, body, 0, {
      reply: (replyHead, replyBody) => resolve({ head: replyHead, body: replyBody }),
      fail: (error) => resolve({ error }),
    });
  });
}

describe("heads of another shape are refused and never handled", () => {
  const heads: unknown[] = [
    null,
    "GET /",
    {},
    [],
    goodHead.slice(0, 6),
    [1, "/", [], "", 1, null, null],
    ["GET", "/", "headers", "", 1, null, null],
    ["GET", "/", [], "", "1", null, null],
    ["GET", "/", [], "", 1, { id: "u1" }, null],
    ["GET", "/", [], "", 1, [7, []], null],
    ["GET", "/", [], "", 1, null, 5],
  ];
  for (const head of heads) {
    test(JSON.stringify(head), async () => {
      let handled = 0;
      const { server, link } = await serve(() => handled++);
      expect((await ask(link, head)).error?.code).toBe("bad-frame");
      expect(handled).toBe(0);
      expect(server.load).toEqual({ pending: 0, calls: 1, errors: 1 });
      expect(link.open).toBe(true);
    });
  }
});

test("a malformed traceparent begins a new trace", async () => {
  const { link } = await serve((call) => call.reply(200, [call.callerTraceparent, call.traceparent], null));
  const { head } = await ask(link, ["GET", "/", [], "nonsense", 1, null, null]);
  expect(head).toEqual([200, ["nonsense", expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)]]);
});

test("a handler that throws is answered as handler-failed", async () => {
  const { server, link } = await serve((call) => {
    throw new Error(`no ${call.path}`);
  });
  const { error } = await ask(link);
  expect(error).toMatchObject({ code: "handler-failed", message: "GET /: no /" });
  expect(server.load).toEqual({ pending: 0, calls: 1, errors: 1 });
});

test("only the first answer counts, and the place is given back once", async () => {
  const { server, link } = await serve((call) => {
    call.reply(200, [], "first");
    call.reply(500, [], "second");
    call.fail({} as MicrocosmError);
  });
  const { body } = await ask(link);
  expect(await textOf(body!)).toBe("first");
  expect(server.load).toEqual({ pending: 0, calls: 1, errors: 0 });
});

test("handles maxConcurrency at once and the rest in the order they came", async () => {
  const held: ServedCall[] = [];
  const { server, link } = await serve((call) => held.push(call), { maxQueued: 3 });
  const asked = Array.from({ length: 6 }, (_, index) =>
    ask(link, ["GET", `/${index}`, [], "", 1, null, null]),
  );
  expect((await asked[5]!).error?.code).toBe("overloaded");
  expect(held.map(({ path }) => path)).toEqual(["/0", "/1"]);
  expect(server.load.pending).toBe(5);
  for (let index = 0; index < 5; index++) held[index]!.reply(200, [], null);
  await Promise.all(asked);
  expect(held.map(({ path }) => path)).toEqual(["/0", "/1", "/2", "/3", "/4"]);
  expect(server.load).toEqual({ pending: 0, calls: 6, errors: 1 });
});

test("a long queue of calls answered at once does not overflow the stack", async () => {
  let first: ServedCall | undefined;
  const handler = (call: ServedCall) => {
    if (first === undefined) first = call;
    else call.reply(200, [], null);
  };
  const { server, link } = await serve(handler, { maxConcurrency: 1, maxQueued: 20_000 });
  const asked = Array.from({ length: 20_000 }, () => ask(link));
  await until(() => server.load.pending === 20_000);
  first!.reply(200, [], null);
  expect((await Promise.all(asked)).every(({ head }) => Array.isArray(head))).toBe(true);
});

test("a streamed answer frees its place at the head, and counts for idle until its end", async () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start(its) {
        controller ??= its;
      },
    });
  const { server, link } = await serve(
    (call) => call.reply(200, [], call.path === "/stream" ? stream() : "done"),
    { maxConcurrency: 1 },
  );
  const { body } = await ask(link, ["GET", "/stream", [], "", 1, null, null]);
  expect(await textOf((await ask(link)).body!)).toBe("done");
  expect(await server.idle(10)).toBe(1);
  const idle = server.idle(10_000);
  controller!.enqueue(new TextEncoder().encode("end"));
  controller!.close();
  expect(await textOf(body!)).toBe("end");
  expect(await idle).toBe(0);
});

test("a stream whose source breaks is over too", async () => {
  const { server, link } = await serve((call) => {
    call.reply(200, [], new ReadableStream({ pull: () => Promise.reject(new Error("disk")) }));
  });
  const { body } = await ask(link);
  await expect(textOf(body!)).rejects.toThrow();
  expect(await server.idle(5_000)).toBe(0);
});

test("draining refuses new calls and still handles those that wait", async () => {
  const held: ServedCall[] = [];
  const { server, link } = await serve((call) => held.push(call), { maxConcurrency: 1 });
  const asked = [ask(link), ask(link)];
  await until(() => server.load.pending === 2);
  server.drain();
  expect((await ask(link)).error?.code).toBe("no-ready-instance");
  held[0]!.reply(200, [], null);
  held[1]!.reply(200, [], null);
  expect((await Promise.all(asked)).map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(await server.idle(0)).toBe(0);
});

test("stop closes the links that came in, and may be called twice", async () => {
  const { server, link } = await serve(() => {});
  const asked = ask(link);
  await until(() => server.load.pending === 1);
  await Promise.all([server.stop(), server.stop()]);
  expect((await asked).error?.code).toBe("link-closed");
  expect(link.open).toBe(false);
});

test("bad bounds fail at construction and name their key", () => {
  const options = { self, callers: [], maxConcurrency: 1, handler: () => {} };
  expect(() => new CallServer({ ...options, maxConcurrency: 0 })).toThrow("maxConcurrency");
  expect(() => new CallServer({ ...options, maxQueued: -1 })).toThrow("maxQueued");
});

test("where all traces are kept, the spans of calls are told before a burst of their replies leaves", async () => {
  const directory = mkdtempSync(join(tmpdir(), "calls-"));
  stops.push(async () => rmSync(directory, { recursive: true }));
  const recorder = new Recorder({ owner: self, sample: 1, slowMs: 1000 });
  const telemetry = new ServerTelemetry({ recorder });
  let answered = 0;
  const told: string[] = [];
  recorder.onUrgent = () => told.push(`${recorder.early(0)?.spans.length} after ${answered}`);
  const handler = (call: ServedCall) => {
    answered++;
    if (answered % 2 === 0) call.fail(new MicrocosmError("handler-failed", "as asked"));
    else call.reply(200, [], null);
  };
  const options = { telemetry, maxConcurrency: 100 };
  const { link } = await serve(handler, options, new UnixTransport(), join(directory, "s"));
  await Promise.all(Array.from({ length: 8 }, () => ask(link)));
  expect(told).toEqual(["8 after 8"]);
});
