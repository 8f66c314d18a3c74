import { describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { IncomingBody, Link } from "../transport.ts";
import { bytesOf, call, codeOf, echo, type Network, pattern, settle, until } from "./network.ts";

export function streamCases(network: Network): void {
  describe("notifications", () => {
    test("arrive in order, with their bodies, in both directions", async () => {
      const heard: [string, unknown, string][] = [];
      const hear = (at: string) => (_: Link, head: unknown, body: Uint8Array) =>
        void heard.push([at, head, new TextDecoder().decode(body)]);
      const { link, back } = await network.connect(
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
      const { link } = await network.connect(echo);
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
      const { link } = await network.connect(echo);
      for (const stream of [producer(0, 0).stream, producer(3, 0).stream]) {
        const { body } = await call(link, null, stream);
        expect((await bytesOf(body)).length).toBe(0);
      }
    });

    test("a reader that waits pauses the producer, and then gets all of it", async () => {
      const { state, stream } = producer(200, 32 * 1024);
      const { link } = await network.connect({ call: (incoming) => incoming.reply(null, stream) });
      const { body } = await call(link, null);
      await settle();
      expect(state.produced).toBeLessThanOrEqual(16);
      expect((await bytesOf(body)).length).toBe(200 * 32 * 1024);
      expect(state.produced).toBe(200);
    });

    test("a stream that nobody reads holds up nothing else", async () => {
      const { link } = await network.connect({
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
      const { link } = await network.connect({
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
      const { link } = await network.connect({
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
      const { link } = await network.connect({ call: (incoming) => incoming.reply("no thanks", null) });
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
      const { link } = await network.connect({
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
      const { link } = await network.connect({
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
      const { link } = await network.connect({ call: (incoming) => incoming.reply(null, stream) });
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
      const { link } = await network.connect(echo);
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const sent = pattern(70_000 + i * 1000);
          const { body } = await call(link, null, sent);
          expect(Bun.hash(await bytesOf(body))).toBe(Bun.hash(sent));
        }),
      );
    });
  });
}
