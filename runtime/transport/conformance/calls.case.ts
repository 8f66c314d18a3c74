import { describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../../sdk/errors.ts";
import type { IncomingCall } from "../transport.ts";
import { bytesOf, call, codeOf, echo, far, near, type Network, pattern, until } from "./network.ts";

export function callCases(network: Network): void {
  describe("connecting", () => {
    test("each end learns who the other is", async () => {
      const { link, back } = await network.connect(echo);
      expect(link.self).toEqual(near);
      expect(link.peer).toEqual(far);
      expect(back.self).toEqual(far);
      expect(back.peer).toEqual(near);
      expect(link.open && back.open).toBe(true);
    });

    test("nobody there is link-closed", async () => {
      const connecting = network.fixture.transport.connect(network.fixture.address(), {
        self: near,
        handler: echo,
      });
      expect(await codeOf(connecting)).toBe("link-closed");
    });

    test("a live listener keeps its address", async () => {
      const { listener, link } = await network.connect(echo);
      const second = network.fixture.transport.listen(listener.address, { self: far, handler: echo });
      expect(await codeOf(second)).toBe("already-running");
      expect((await call(link, "still")).head).toBe("still");
    });

    test("a stopped listener takes no connections, its links stay, its address is free", async () => {
      const { listener, link } = await network.connect(echo);
      await listener.stop();
      await listener.stop();
      const late = network.fixture.transport.connect(listener.address, { self: near, handler: echo });
      expect(await codeOf(late)).toBe("link-closed");
      expect((await call(link, 1)).head).toBe(1);
      const again = await network.fixture.transport.listen(listener.address, { self: far, handler: echo });
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
      const { link } = await network.connect(echo);
      expect((await call(link, head)).head).toEqual(head);
    });

    test.each([
      ["nothing", null, ""],
      ["an empty string", "", ""],
      ["ASCII text", "plain", "plain"],
      ["text beyond ASCII", "größer 🚀 ☂", "größer 🚀 ☂"],
      ["bytes", new TextEncoder().encode("bytes"), "bytes"],
    ])("a body of %s", async (_, body, text) => {
      const { link } = await network.connect({
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
        const { link } = await network.connect(echo);
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
        const { link } = await network.connect({
          call: (incoming) => incoming.reply(null, "☂".repeat(length)),
        });
        const reply = await call(link, null);
        expect(await new Response(reply.body as Uint8Array<ArrayBuffer>).text()).toBe("☂".repeat(length));
      },
    );

    test("both ends call at once, thousands in flight, each gets its own reply", async () => {
      const { link, back } = await network.connect(
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
      const { link } = await network.connect({ call: (incoming) => void waiting.push(incoming) });
      const calls = [call(link, "a"), call(link, "b"), call(link, "c")];
      await until(() => waiting.length === 3);
      for (const incoming of waiting.reverse()) incoming.reply(incoming.head, null);
      expect((await Promise.all(calls)).map((reply) => reply.head)).toEqual(["a", "b", "c"]);
    });

    test("an error keeps its code and message", async () => {
      const { link } = await network.connect({
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
      const { link } = await network.connect({
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
}
