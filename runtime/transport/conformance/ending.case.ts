import { describe, expect, test } from "bun:test";
import type { MicrocosmError } from "../../../sdk/errors.ts";
import { systemClock } from "../../clock.ts";
import type { IncomingCall, Link } from "../transport.ts";
import { bytesOf, call, codeOf, echo, type Network, settle, until } from "./network.ts";

export function endingCases(network: Network): void {
  describe("cancelling", () => {
    test("fails the call here and aborts its signal there; a late reply is ignored", async () => {
      const arrived = Promise.withResolvers<IncomingCall>();
      const { link } = await network.connect({
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
      const { link } = await network.connect({ call: (incoming) => arrived.resolve(incoming) });
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
      const { link } = await network.connect({ call: (incoming) => arrived.resolve(incoming) });
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
      const { link } = await network.connect({
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
      const { link } = await network.connect(echo);
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) => call(link, i, null, systemClock.now() + 1000 + i)),
      );
      expect(replies.map((reply) => reply.head)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    });

    test("of many calls each fails at its own", async () => {
      const { link } = await network.connect({ call() {} });
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

  describe("closing", () => {
    test("fails what is under way on both ends, and says so to both handlers once, without an error", async () => {
      const closed: [string, unknown][] = [];
      const arrived = Promise.withResolvers<IncomingCall>();
      const { link, back } = await network.connect(
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
      const { link } = await network.connect({ call() {}, notify: (_, head) => void heard.push(head) });
      for (let i = 0; i < 1000; i++) link.notify([i, "x".repeat(1000)]);
      await link.close();
      await until(() => heard.length === 1000);
    });

    test("a notification's body may be written over at once where the link copies", async () => {
      const heard: number[] = [];
      const notify = (_: Link, _head: unknown, body: Uint8Array) => void heard.push(body[0]!);
      const { link } = await network.connect({ call() {}, notify });
      const shared = new Uint8Array(100_000);
      for (let i = 0; i < 40; i++) {
        const body = link.copies ? shared : new Uint8Array(100_000);
        body.fill(i);
        link.notify(null, body);
      }
      await link.close();
      await until(() => heard.length === 40);
      expect(heard).toEqual(Array.from({ length: 40 }, (_, i) => i));
    });

    test("calls on a closed link fail, and the rest does nothing", async () => {
      const { link } = await network.connect(echo);
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
      const { link, back } = await network.connect(
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
      network.fixture.sever(link);
      expect(await pending).toBe("link-closed");
      expect(await back2).toBe("link-closed");
      expect(await codeOf(bytesOf(body))).toBe("link-closed");
      await until(() => errors.length === 2);
      expect(errors).toEqual(["link-closed", "link-closed"]);
      await until(() => cancelled);
      expect(signals.every((signal) => signal.aborted)).toBe(true);
    });
  });
}
