import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import { systemClock } from "../clock.ts";
import type {
  IncomingBody,
  IncomingCall,
  Link,
  LinkHandler,
  Listener,
  OutgoingBody,
  Peer,
  Transport,
} from "./transport.ts";

/** How the suite gets an implementation and disturbs it. */
export interface TransportFixture {
  readonly transport: Transport;
  /** A new address that nobody listens at. */
  address(): string;
  /** Breaks a link's connection without a goodbye, as when a process dies. */
  sever(link: Link): void;
  dispose(): Promise<void>;
}

const near: Peer = { service: "orders", instance: "orders-1", generation: 3 };
const far: Peer = { service: "catalog", instance: "catalog-2", generation: 1 };

interface Outcome {
  readonly head: unknown;
  readonly body: IncomingBody;
}

/** Two connected ends: `link` is the connecting one, `back` the other, `calls` what arrived at `back` unanswered. */
interface Ends {
  readonly link: Link;
  readonly back: Link;
  readonly listener: Listener;
}

function call(link: Link, head: unknown, body: OutgoingBody = null, deadline = 0): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    link.call(head, body, deadline, { reply: (head, body) => resolve({ head, body }), fail: reject });
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return error instanceof MicrocosmError ? error.code : String(error);
  }
}

function bytesOf(body: IncomingBody): Promise<Uint8Array> {
  return new Response(body as Uint8Array<ArrayBuffer>).bytes();
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 4000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error("the condition did not come true within 4 s");
    await Bun.sleep(1);
  }
}

/** Long enough for anything on its way to arrive. */
const settle = () => Bun.sleep(30);

function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8)) & 0xff;
  return bytes;
}

export function transportConformance(name: string, create: () => Promise<TransportFixture>): void {
  describe(`${name} transport`, () => {
    let fixture: TransportFixture;
    const opened: Ends[] = [];

    beforeEach(async () => {
      fixture = await create();
    });

    afterEach(async () => {
      for (const ends of opened.splice(0)) {
        await ends.link.close();
        await ends.back.close();
        await ends.listener.stop();
      }
      await fixture.dispose();
    });

    async function connect(farHandler: LinkHandler, nearHandler: LinkHandler = { call() {} }): Promise<Ends> {
      const address = fixture.address();
      const accepted = Promise.withResolvers<Link>();
      const listener = await fixture.transport.listen(address, {
        self: far,
        handler: {
          call: (incoming) => farHandler.call(incoming),
          notify: (link, head, body) => farHandler.notify?.(link, head, body),
          opened: (link) => {
            accepted.resolve(link);
            farHandler.opened?.(link);
          },
          closed: (link, error) => farHandler.closed?.(link, error),
        },
      });
      const link = await fixture.transport.connect(address, { self: near, handler: nearHandler });
      const ends = { link, back: await accepted.promise, listener };
      opened.push(ends);
      return ends;
    }

    const echo: LinkHandler = { call: (incoming) => incoming.reply(incoming.head, incoming.body) };

    describe("connecting", () => {
      test("each end learns who the other is", async () => {
        const { link, back } = await connect(echo);
        expect(link.self).toEqual(near);
        expect(link.peer).toEqual(far);
        expect(back.self).toEqual(far);
        expect(back.peer).toEqual(near);
        expect(link.open && back.open).toBe(true);
      });

      test("nobody there is link-closed", async () => {
        const connecting = fixture.transport.connect(fixture.address(), { self: near, handler: echo });
        expect(await codeOf(connecting)).toBe("link-closed");
      });

      test("a live listener keeps its address", async () => {
        const { listener, link } = await connect(echo);
        const second = fixture.transport.listen(listener.address, { self: far, handler: echo });
        expect(await codeOf(second)).toBe("already-running");
        expect((await call(link, "still")).head).toBe("still");
      });

      test("a stopped listener takes no connections, its links stay, its address is free", async () => {
        const { listener, link } = await connect(echo);
        await listener.stop();
        await listener.stop();
        const late = fixture.transport.connect(listener.address, { self: near, handler: echo });
        expect(await codeOf(late)).toBe("link-closed");
        expect((await call(link, 1)).head).toBe(1);
        const again = await fixture.transport.listen(listener.address, { self: far, handler: echo });
        await again.stop();
      });
    });

    describe("calls", () => {
      test.each([
        ["null", null],
        ["a string", "täxt"],
        ["an array", [200, ["content-type", "text/plain"], null, true, -1, 70_000, 1.5]],
        ["an object", { type: "ready", phases: { loaded: 1 }, list: [{ a: 1 }] }],
        ["64 KiB of headers", [200, ["cookie", "c".repeat(64 * 1024)]]],
        ["an array of 40,000 strings", Array.from({ length: 40_000 }, (_, i) => `value ${i}`)],
      ])("a head that is %s arrives as it is", async (_, head) => {
        const { link } = await connect(echo);
        expect((await call(link, head)).head).toEqual(head);
      });

      test.each([
        ["nothing", null, ""],
        ["an empty string", "", ""],
        ["ASCII text", "plain", "plain"],
        ["text beyond ASCII", "größer 🚀 ☂", "größer 🚀 ☂"],
        ["bytes", new TextEncoder().encode("bytes"), "bytes"],
      ])("a body of %s", async (_, body, text) => {
        const { link } = await connect({
          call: (incoming) => {
            expect(incoming.body).toBeInstanceOf(Uint8Array);
            incoming.reply(null, incoming.body);
          },
        });
        const reply = await call(link, null, body);
        expect(reply.body).toBeInstanceOf(Uint8Array);
        expect(new TextDecoder().decode(await bytesOf(reply.body))).toBe(text);
      });

      test.each([1, 65_535, 65_536, 65_537, 131_072, 262_144, 262_145, 5_000_000])(
        "a body of %p bytes there and back",
        async (length) => {
          const { link } = await connect(echo);
          const body = pattern(length);
          const reply = await call(link, null, body);
          expect(reply.body instanceof ReadableStream).toBe(length > 65_536);
          expect(Bun.hash(await bytesOf(reply.body))).toBe(Bun.hash(body));
          expect(link.pending).toBe(0);
        },
      );

      test.each([21_846, 30_000, 65_536, 65_537, 300_000])(
        "text of %p three-byte characters",
        async (length) => {
          const { link } = await connect({ call: (incoming) => incoming.reply(null, "☂".repeat(length)) });
          const reply = await call(link, null);
          expect(await new Response(reply.body as Uint8Array<ArrayBuffer>).text()).toBe("☂".repeat(length));
        },
      );

      test("both ends call at once, thousands in flight, each gets its own reply", async () => {
        const { link, back } = await connect(
          { call: (incoming) => queueMicrotask(() => incoming.reply(incoming.head, incoming.body)) },
          { call: (incoming) => setImmediate(() => incoming.reply(incoming.head, incoming.body)) },
        );
        const calls: Promise<void>[] = [];
        for (let i = 0; i < 4000; i++) {
          const from = i % 2 === 0 ? link : back;
          calls.push(
            call(from, [i], `body ${i}`).then(async ({ head, body }) => {
              expect(head).toEqual([i]);
              expect(new TextDecoder().decode(await bytesOf(body))).toBe(`body ${i}`);
            }),
          );
        }
        expect(link.pending + back.pending).toBe(4000);
        await Promise.all(calls);
        expect(link.pending + back.pending).toBe(0);
      });

      test("replies may come in any order", async () => {
        const waiting: IncomingCall[] = [];
        const { link } = await connect({ call: (incoming) => void waiting.push(incoming) });
        const calls = [call(link, "a"), call(link, "b"), call(link, "c")];
        await until(() => waiting.length === 3);
        for (const incoming of waiting.reverse()) incoming.reply(incoming.head, null);
        expect((await Promise.all(calls)).map((reply) => reply.head)).toEqual(["a", "b", "c"]);
      });

      test("an error keeps its code and message", async () => {
        const { link } = await connect({
          call: (incoming) =>
            incoming.fail(new MicrocosmError("edge-not-declared", "orders does not use catalog")),
        });
        const error = await call(link, null).catch((error: unknown) => error);
        expect(error).toBeInstanceOf(MicrocosmError);
        expect((error as MicrocosmError).code).toBe("edge-not-declared");
        expect((error as MicrocosmError).message).toBe("orders does not use catalog");
        expect(link.pending).toBe(0);
      });

      test("of two answers the first counts", async () => {
        const { link } = await connect({
          call: (incoming) => {
            incoming.reply("first", null);
            incoming.reply("second", null);
            incoming.fail(new MicrocosmError("internal", "third"));
          },
        });
        expect((await call(link, null)).head).toBe("first");
        expect((await call(link, null)).head).toBe("first");
      });
    });

    describe("cancelling", () => {
      test("fails the call here and aborts its signal there; a late reply is ignored", async () => {
        const arrived = Promise.withResolvers<IncomingCall>();
        const { link } = await connect({
          call: (incoming) =>
            incoming.head === "slow" ? arrived.resolve(incoming) : incoming.reply("ok", null),
        });
        const outcome = Promise.withResolvers<string>();
        let outcomes = 0;
        const take = (what: string) => {
          outcomes++;
          outcome.resolve(what);
        };
        const id = link.call("slow", null, 0, {
          reply: () => take("reply"),
          fail: (error) => take(error.code),
        });
        const incoming = await arrived.promise;
        const { signal } = incoming;
        expect(signal.aborted).toBe(false);
        link.cancel(id);
        link.cancel(id);
        link.cancel(123_456);
        expect(await outcome.promise).toBe("cancelled");
        await until(() => signal.aborted);
        expect((signal.reason as MicrocosmError).code).toBe("cancelled");
        incoming.reply("late", "body");
        expect((await call(link, "next")).head).toBe("ok");
        expect(outcomes).toBe(1);
        expect(link.pending).toBe(0);
      });

      test("a signal looked at after the cancel is aborted", async () => {
        const arrived = Promise.withResolvers<IncomingCall>();
        const { link } = await connect({ call: (incoming) => arrived.resolve(incoming) });
        const id = link.call("slow", null, 0, { reply() {}, fail() {} });
        const incoming = await arrived.promise;
        link.cancel(id);
        await settle();
        expect(incoming.signal.aborted).toBe(true);
      });
    });

    describe("deadlines", () => {
      test("one that passes fails the call here and aborts it there", async () => {
        const arrived = Promise.withResolvers<IncomingCall>();
        const { link } = await connect({ call: (incoming) => arrived.resolve(incoming) });
        const deadline = systemClock.now() + 60;
        const outcome = codeOf(call(link, null, null, deadline));
        const incoming = await arrived.promise;
        expect(incoming.deadline).toBe(deadline);
        const { signal } = incoming;
        expect(await outcome).toBe("deadline-exceeded");
        expect(systemClock.now()).toBeGreaterThanOrEqual(deadline);
        await until(() => signal.aborted);
        expect(link.pending).toBe(0);
      });

      test("a call made after its deadline never reaches the handler", async () => {
        let seen = 0;
        const { link } = await connect({
          call: (incoming) => {
            seen++;
            incoming.reply(null, null);
          },
        });
        const outcome = codeOf(call(link, "expired", null, systemClock.now() - 1));
        expect(await outcome).toBe("deadline-exceeded");
        await call(link, "after");
        expect(seen).toBe(1);
      });

      test("a reply in time is not disturbed later", async () => {
        const { link } = await connect(echo);
        const replies = await Promise.all(
          Array.from({ length: 100 }, (_, i) => call(link, i, null, systemClock.now() + 1000 + i)),
        );
        expect(replies.map((reply) => reply.head)).toEqual(Array.from({ length: 100 }, (_, i) => i));
      });

      test("of many calls each fails at its own", async () => {
        const { link } = await connect({ call() {} });
        const started = systemClock.now();
        const order: number[] = [];
        await Promise.all(
          [150, 50, 100, 0.5].map(async (ms) => {
            expect(await codeOf(call(link, null, null, started + ms))).toBe("deadline-exceeded");
            expect(systemClock.now()).toBeGreaterThanOrEqual(started + Math.floor(ms));
            order.push(ms);
          }),
        );
        expect(order).toEqual([0.5, 50, 100, 150]);
      });
    });

    describe("notifications", () => {
      test("arrive in order, with their bodies, in both directions", async () => {
        const heard: [string, unknown, string][] = [];
        const hear = (at: string) => (_: Link, head: unknown, body: Uint8Array) =>
          void heard.push([at, head, new TextDecoder().decode(body)]);
        const { link, back } = await connect(
          { call() {}, notify: hear("far") },
          { call() {}, notify: hear("near") },
        );
        for (let i = 0; i < 500; i++) {
          link.notify({ n: i }, new TextEncoder().encode(`b${i}`));
          back.notify([i]);
        }
        await until(() => heard.length === 1000);
        const at = (end: string) => heard.filter(([where]) => where === end).map(([, ...rest]) => rest);
        expect(at("far")).toEqual(Array.from({ length: 500 }, (_, i) => [{ n: i }, `b${i}`]));
        expect(at("near")).toEqual(Array.from({ length: 500 }, (_, i) => [[i], ""]));
      });
    });

    describe("streamed bodies", () => {
      /** Yields `count` chunks of `size` bytes and counts those asked for. */
      function producer(count: number, size: number) {
        const state = { produced: 0, cancelled: undefined as unknown };
        const stream = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              if (state.produced === count) return controller.close();
              state.produced++;
              controller.enqueue(new Uint8Array(size).fill(state.produced));
            },
            cancel(reason) {
              state.cancelled = reason;
            },
          },
          { highWaterMark: 0 },
        );
        return { state, stream };
      }

      test("request and reply stream at the same time", async () => {
        const { link } = await connect(echo);
        const ping = new TransformStream<Uint8Array, Uint8Array>();
        const writer = ping.writable.getWriter();
        const { body } = await call(link, null, ping.readable);
        expect(body).toBeInstanceOf(ReadableStream);
        const reader = (body as ReadableStream<Uint8Array>).getReader();
        for (const text of ["one", "two", "three"]) {
          writer.write(new TextEncoder().encode(text));
          const { value } = await reader.read();
          expect(new TextDecoder().decode(value)).toBe(text);
        }
        writer.close();
        expect((await reader.read()).done).toBe(true);
      });

      test("an empty stream, and one with empty chunks", async () => {
        const { link } = await connect(echo);
        for (const stream of [producer(0, 0).stream, producer(3, 0).stream]) {
          const { body } = await call(link, null, stream);
          expect((await bytesOf(body)).length).toBe(0);
        }
      });

      test("a reader that waits pauses the producer, and then gets all of it", async () => {
        const { state, stream } = producer(200, 32 * 1024);
        const { link } = await connect({ call: (incoming) => incoming.reply(null, stream) });
        const { body } = await call(link, null);
        await settle();
        expect(state.produced).toBeLessThanOrEqual(16);
        expect((await bytesOf(body)).length).toBe(200 * 32 * 1024);
        expect(state.produced).toBe(200);
      });

      test("a stream that nobody reads holds up nothing else", async () => {
        const { link } = await connect({
          call: (incoming) => {
            if (incoming.head === "stream") incoming.reply(null, producer(1000, 64 * 1024).stream);
            else incoming.reply(incoming.head, incoming.body);
          },
        });
        const unread = await call(link, "stream");
        const other = await call(link, "other", pattern(1_000_000));
        expect((await bytesOf(other.body)).length).toBe(1_000_000);
        await (unread.body as ReadableStream).cancel();
      });

      test("a reader that stops cancels the producer at the other end", async () => {
        const { state, stream } = producer(1000, 64 * 1024);
        const signals: AbortSignal[] = [];
        const { link } = await connect({
          call: (incoming) => {
            signals.push(incoming.signal);
            incoming.reply(null, stream);
          },
        });
        const { body } = await call(link, null);
        const reader = (body as ReadableStream<Uint8Array>).getReader();
        await reader.read();
        await reader.cancel();
        await until(() => state.cancelled !== undefined);
        expect(signals[0]?.aborted).toBe(true);
        expect(state.produced).toBeLessThan(20);
      });

      test("a handler that stops reading the request cancels the caller's producer and can still answer", async () => {
        const { state, stream } = producer(1000, 64 * 1024);
        const { link } = await connect({
          call: async (incoming) => {
            await (incoming.body as ReadableStream).cancel();
            await settle();
            incoming.reply("enough", null);
          },
        });
        expect((await call(link, null, stream)).head).toBe("enough");
        expect(state.cancelled).toBeDefined();
      });

      test("an answer without reading the request ends the caller's producer", async () => {
        const { state, stream } = producer(1000, 64 * 1024);
        const { link } = await connect({ call: (incoming) => incoming.reply("no thanks", null) });
        expect((await call(link, null, stream)).head).toBe("no thanks");
        await until(() => state.cancelled !== undefined);
      });

      test("a producer that throws fails the reader, with the code when it has one", async () => {
        const broken = (error: Error) =>
          new ReadableStream<Uint8Array>({
            start(controller) {
              controller.enqueue(pattern(10));
            },
            pull() {
              throw error;
            },
          });
        const { link } = await connect({
          call: (incoming) =>
            incoming.reply(
              null,
              broken(incoming.head === 1 ? new MicrocosmError("overloaded", "full") : new Error("oops")),
            ),
        });
        expect(await codeOf(call(link, 1).then(({ body }) => bytesOf(body)))).toBe("overloaded");
        expect(await codeOf(call(link, 2).then(({ body }) => bytesOf(body)))).toBe("handler-failed");
        expect((await call(link, 1)).head).toBe(null);
      });

      test("a request whose producer throws fails the handler's reading", async () => {
        const seen = Promise.withResolvers<string>();
        const { link } = await connect({
          call: async (incoming) => {
            seen.resolve(await codeOf(bytesOf(incoming.body)));
            incoming.reply("done", null);
          },
        });
        const stream = new ReadableStream<Uint8Array>({
          pull() {
            throw new Error("disk gone");
          },
        });
        expect((await call(link, null, stream)).head).toBe("done");
        expect(await seen.promise).toBe("handler-failed");
      });

      test("cancelling a call whose reply is streaming ends both bodies", async () => {
        const { state, stream } = producer(1000, 64 * 1024);
        const { link } = await connect({ call: (incoming) => incoming.reply(null, stream) });
        const { promise, resolve } = Promise.withResolvers<IncomingBody>();
        let failures = 0;
        const id = link.call(null, null, 0, { reply: (_, body) => resolve(body), fail: () => failures++ });
        const body = await promise;
        link.cancel(id);
        expect(await codeOf(bytesOf(body))).toBe("cancelled");
        await until(() => state.cancelled !== undefined);
        expect(failures).toBe(0);
        expect(link.pending).toBe(0);
      });

      test("a hundred streams share the link", async () => {
        const { link } = await connect(echo);
        await Promise.all(
          Array.from({ length: 100 }, async (_, i) => {
            const sent = pattern(70_000 + i * 1000);
            const { body } = await call(link, null, sent);
            expect(Bun.hash(await bytesOf(body))).toBe(Bun.hash(sent));
          }),
        );
      });
    });

    describe("closing", () => {
      test("fails what is under way on both ends, and says so to both handlers once, without an error", async () => {
        const closed: [string, unknown][] = [];
        const arrived = Promise.withResolvers<IncomingCall>();
        const { link, back } = await connect(
          {
            call: (incoming) => arrived.resolve(incoming),
            closed: (_, error) => void closed.push(["far", error]),
          },
          { call() {}, closed: (_, error) => void closed.push(["near", error]) },
        );
        const outgoing = codeOf(call(link, null));
        const incoming = codeOf(call(back, null));
        const { signal } = await arrived.promise;
        const closing = link.close();
        expect(link.open).toBe(false);
        await Promise.all([closing, link.close()]);
        expect(await outgoing).toBe("link-closed");
        expect(await incoming).toBe("link-closed");
        await until(() => closed.length === 2);
        expect(back.open).toBe(false);
        expect(signal.aborted).toBe(true);
        expect(link.pending + back.pending).toBe(0);
        await settle();
        expect(closed.sort()).toEqual([
          ["far", undefined],
          ["near", undefined],
        ]);
      });

      test("sends what was written before", async () => {
        const heard: unknown[] = [];
        const { link } = await connect({ call() {}, notify: (_, head) => void heard.push(head) });
        for (let i = 0; i < 1000; i++) link.notify([i, "x".repeat(1000)]);
        await link.close();
        await until(() => heard.length === 1000);
      });

      test("calls on a closed link fail, and the rest does nothing", async () => {
        const { link } = await connect(echo);
        await link.close();
        const before: string[] = [];
        link.call(null, null, 0, { reply() {}, fail: (error) => void before.push(error.code) });
        expect(before).toEqual([]);
        await until(() => before.length === 1);
        expect(before).toEqual(["link-closed"]);
        link.notify("nothing");
        link.cancel(1);
        await link.drained();
        expect(link.buffered).toBe(0);
      });

      test("a connection that breaks mid-call and mid-stream fails both, at both ends", async () => {
        const errors: (string | undefined)[] = [];
        const closed = (_: Link, error: MicrocosmError | undefined) => void errors.push(error?.code);
        let cancelled = false;
        const signals: AbortSignal[] = [];
        const { link, back } = await connect(
          {
            call: (incoming) => {
              signals.push(incoming.signal);
              if (incoming.head !== "stream") return;
              const endless = new ReadableStream<Uint8Array>({
                pull: (controller) => controller.enqueue(new Uint8Array(1000)),
                cancel() {
                  cancelled = true;
                },
              });
              incoming.reply(null, endless);
            },
            closed,
          },
          { call() {}, closed },
        );
        const { body } = await call(link, "stream");
        const pending = codeOf(call(link, "never"));
        const back2 = codeOf(call(back, "never"));
        await until(() => signals.length === 2);
        fixture.sever(link);
        expect(await pending).toBe("link-closed");
        expect(await back2).toBe("link-closed");
        expect(await codeOf(bytesOf(body))).toBe("link-closed");
        await until(() => errors.length === 2);
        expect(errors).toEqual(["link-closed", "link-closed"]);
        await until(() => cancelled);
        expect(signals.every((signal) => signal.aborted)).toBe(true);
      });
    });
  });
}
