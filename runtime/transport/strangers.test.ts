import { describe, expect, test } from "bun:test";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { FrameEncoder } from "../protocol/encoder.ts";
import { emptyBytes, windowBytes } from "../protocol/frame.ts";
import { call, codeOf, quiet, until } from "./conformance/network.ts";
import { hello, SocketPlace } from "./conformance/socket-place.ts";

const place = new SocketPlace();

describe("strangers", () => {
  test("a listener that is not us is bad-frame", async () => {
    const server = Bun.serve({ unix: place.address, fetch: () => new Response("hello") });
    place.cleanUp(() => server.stop(true));
    expect(await codeOf(place.connect())).toBe("bad-frame");
  });

  test.each([
    ["that says nothing", { data() {} }, "link-closed"],
    ["that hangs up", { open: (socket: Bun.Socket) => void socket.end(), data() {} }, "link-closed"],
  ])("a listener %s is link-closed", async (_, socket, code) => {
    const server = Bun.listen({ unix: place.address, socket });
    place.cleanUp(() => server.stop(true));
    expect(await codeOf(place.connect({ handshakeTimeoutMs: 50 }))).toBe(code);
  });

  test("garbage closes that link only", async () => {
    const errors: (string | undefined)[] = [];
    await place.listen({
      call: (incoming) => incoming.reply("fine", null),
      closed: (_, error) => void errors.push(error?.code),
    });
    const good = await place.connect();
    const stranger = await place.rawPeer();
    stranger.bytes(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    const rude = await place.rawPeer();
    rude.send(hello);
    rude.bytes(new Uint8Array(100).fill(255));
    await until(() => stranger.state.closed && rude.state.closed);
    expect(rude.heard.at(-1)).toMatchObject(["goaway", { code: "bad-frame" }]);
    expect(errors).toEqual(["bad-frame"]);
    expect((await call(good, null)).head).toBe("fine");
  });

  test("one that connects and says nothing is let go", async () => {
    await place.listen(quiet, { handshakeTimeoutMs: 30 });
    const silent = await place.rawPeer();
    await until(() => silent.state.closed);
  });

  test.each<[string, (encoder: FrameEncoder) => void]>([
    ["a call on the other end's stream", (encoder) => encoder.call(2, 0, null, "", false)],
    ["a call on stream 0", (encoder) => encoder.call(0, 0, null, "", false)],
    [
      "two calls on one stream",
      (encoder) => {
        encoder.call(1, 0, null, "", false);
        encoder.call(1, 0, null, "", false);
      },
    ],
    [
      "more bytes than the window",
      (encoder) => {
        encoder.call(1, 0, null, emptyBytes, true);
        for (let i = 0; i < 3; i++) encoder.chunk(1, new Uint8Array(windowBytes / 2));
      },
    ],
  ])("%s breaks the link", async (_, write) => {
    const errors: (string | undefined)[] = [];
    await place.listen({ call() {}, closed: (_, error) => void errors.push(error?.code) });
    const peer = await place.rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      write(encoder);
    });
    await until(() => peer.state.closed);
    expect(errors).toEqual(["bad-frame"]);
  });

  test("credit beyond the window breaks the link", async () => {
    const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(10)) });
    await place.listen({ call: (incoming) => incoming.reply(null, endless) });
    const peer = await place.rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      encoder.call(1, 0, null, "", false);
    });
    await until(() => peer.heard.length > 3);
    peer.send((encoder) => encoder.credit(1, 0xffffffff));
    await until(() => peer.state.closed);
  });

  test("frames about streams that are not there, and second answers, are ignored", async () => {
    await place.listen({ call: (incoming) => incoming.reply("fine", null) });
    const peer = await place.rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      for (const id of [2, 7, 99]) {
        encoder.reply(id, null, "", false);
        encoder.fail(id, new MicrocosmError("internal", "?"));
        encoder.chunk(id, new Uint8Array(5));
        encoder.end(id);
        encoder.credit(id, 5);
        encoder.stop(id);
        encoder.cancel(id);
      }
      encoder.call(1, 0, null, "", false);
    });
    await until(() => peer.heard.length === 1);
    expect(peer.heard[0]?.slice(0, 3)).toEqual(["reply", 1, "fine"]);
  });

  test("only the first of two answers is sent", async () => {
    await place.listen({
      call: (incoming) => {
        incoming.reply("first", null);
        incoming.reply("second", null);
        incoming.fail(new MicrocosmError("internal", "third"));
      },
    });
    const peer = await place.rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      encoder.call(1, 0, null, "", false);
      encoder.call(3, 0, null, "", false);
    });
    await until(() => peer.heard.some(([, stream]) => stream === 3));
    expect(peer.heard.map((frame) => frame.slice(0, 3))).toEqual([
      ["reply", 1, "first"],
      ["reply", 3, "first"],
    ]);
  });

  test("a second reply on a stream whose body is still coming is ignored", async () => {
    place.rawListener({
      call: (stream, send) =>
        send((encoder) => {
          for (const head of ["first", "second"]) encoder.reply(stream, head, emptyBytes, true);
          encoder.fail(stream, new MicrocosmError("overloaded", "the body breaks off"));
        }),
    });
    const link = await place.connect();
    const outcomes: unknown[] = [];
    link.call(null, null, 0, {
      reply: (head) => void outcomes.push(head),
      fail: (error) => void outcomes.push(error.code),
    });
    await until(() => outcomes.length > 0);
    await Bun.sleep(20);
    expect(outcomes).toEqual(["first"]);
    expect(link.pending).toBe(0);
  });

  test("a call that arrives expired is failed and the handler does not see it", async () => {
    const seen: unknown[] = [];
    await place.listen({
      call: (incoming) => {
        seen.push(incoming.head);
        incoming.reply(null, null);
      },
    });
    const peer = await place.rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      encoder.call(1, Date.now() - 5, "expired", "", false);
      encoder.call(3, Date.now() + 5000, "alive", "", false);
    });
    await until(() => peer.heard.length === 2);
    expect(peer.heard[0]).toMatchObject(["fail", 1, { code: "deadline-exceeded" }]);
    expect(seen).toEqual(["alive"]);
  });

  test("the callee is told when a deadline passes at the caller", async () => {
    const cancelled: number[] = [];
    place.rawListener({ cancel: (stream) => void cancelled.push(stream) });
    const link = await place.connect();
    let id = 0;
    const outcome = new Promise<unknown>((resolve, reject) => {
      id = link.call(null, null, Date.now() + 20, { reply: resolve, fail: reject });
    });
    expect(await codeOf(outcome)).toBe("deadline-exceeded");
    await until(() => cancelled.length === 1);
    expect(cancelled).toEqual([id]);
  });
});
