import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameDecoder } from "../protocol/decoder.ts";
import { FrameEncoder } from "../protocol/encoder.ts";
import { emptyBytes, type Frames, windowBytes } from "../protocol/frame.ts";
import type { FrameLink } from "./link.ts";
import type { TransportOptions } from "./options.ts";
import type { IncomingCall, Link, LinkHandler, Listener, Peer } from "./transport.ts";
import { transportConformance } from "./transport.case.ts";
import { UnixTransport } from "./unix.ts";

transportConformance("unix", async () => {
  const directory = await mkdtemp(join(tmpdir(), "microcosm-"));
  let addresses = 0;
  return {
    transport: new UnixTransport(),
    address: () => join(directory, `${++addresses}.sock`),
    sever(link) {
      (link as FrameLink).breakOff(new MicrocosmError("link-closed", "severed by the test"));
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});

const self: Peer = { service: "catalog", instance: "catalog-1", generation: 1 };
const quiet: LinkHandler = { call() {} };

let directory: string;
let address: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "microcosm-"));
  address = join(directory, "s.sock");
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(directory, { recursive: true, force: true });
});

async function listen(handler: LinkHandler, options: TransportOptions = {}): Promise<Listener> {
  const listener = await new UnixTransport(options).listen(address, { self, handler });
  cleanups.push(() => listener.stop());
  return listener;
}

async function connect(options: TransportOptions = {}, handler = quiet): Promise<Link> {
  const link = await new UnixTransport(options).connect(address, { self, handler });
  cleanups.push(() => link.close());
  return link;
}

function call(link: Link, head: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    link.call(head, null, 0, { reply: resolve, fail: reject });
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

async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 4000;
  while (!condition()) {
    if (Date.now() > giveUpAt) throw new Error("the condition did not come true within 4 s");
    await Bun.sleep(1);
  }
}

/** A peer without manners: writes the frames or bytes it is told to, and notes what it hears. */
async function rawPeer() {
  const heard: [string, ...unknown[]][] = [];
  const state = { closed: false };
  const record =
    (kind: string) =>
    (...args: unknown[]) =>
      void heard.push([kind, ...args]);
  const receiver = {
    open: true,
    ...Object.fromEntries(
      ["call", "reply", "fail", "chunk", "end", "credit", "stop", "cancel", "notify", "goaway"].map(
        (kind) => [kind, record(kind)],
      ),
    ),
  } as unknown as Frames & { open: boolean };
  const decoder = new FrameDecoder(() => receiver);
  const socket = await Bun.connect({
    unix: address,
    socket: {
      binaryType: "uint8array",
      data(_, bytes: Uint8Array) {
        decoder.push(bytes);
      },
      drain: () => flush(),
      close() {
        state.closed = true;
      },
    },
  } as Bun.UnixSocketOptions);
  cleanups.push(() => socket.terminate());
  let waiting: Uint8Array = emptyBytes;
  const flush = () => {
    waiting = waiting.subarray(Math.max(0, socket.write(waiting)));
  };
  const bytes = (more: Uint8Array) => {
    waiting = Buffer.concat([waiting, more]);
    flush();
  };
  return {
    heard,
    state,
    bytes,
    send(write: (encoder: FrameEncoder) => void) {
      const encoder = new FrameEncoder(() => {});
      write(encoder);
      bytes(encoder.bytes.subarray(encoder.offset, encoder.offset + encoder.length));
    },
  };
}

type Send = (write: (encoder: FrameEncoder) => void) => void;

/** A listener that says hello and leaves the rest to the test. */
function rawListener(hears: {
  call?: (stream: number, send: Send) => void;
  cancel?: (stream: number) => void;
}): void {
  const server = Bun.listen<FrameDecoder>({
    unix: address,
    socket: {
      binaryType: "uint8array",
      open(socket) {
        const send: Send = (write) => {
          const encoder = new FrameEncoder(() => {});
          write(encoder);
          socket.write(encoder.bytes, 0, encoder.length);
        };
        send(hello);
        const receiver = {
          open: true,
          call: (stream: number) => hears.call?.(stream, send),
          cancel: (stream: number) => hears.cancel?.(stream),
          goaway() {},
        } as unknown as Frames & { open: boolean };
        socket.data = new FrameDecoder(() => receiver);
      },
      data(socket, bytes: Uint8Array) {
        socket.data.push(bytes);
      },
    },
  } as Bun.UnixSocketOptions<FrameDecoder>);
  cleanups.push(() => server.stop(true));
}

const hello = (encoder: FrameEncoder) => encoder.hello("orders", "orders-1", 1);

describe("socket files", () => {
  test("one left by a killed process is replaced", async () => {
    const script = `Bun.listen({ unix: ${JSON.stringify(address)}, socket: { data() {} } });
      process.kill(process.pid, "SIGKILL");`;
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(existsSync(address)).toBe(true);
    await listen({ call: (incoming) => incoming.reply("here", null) });
    expect(await call(await connect(), null)).toBe("here");
  });

  test("a path over the kernel's bound is refused with its length", async () => {
    const long = join(directory, "x".repeat(100));
    expect(await codeOf(new UnixTransport().listen(long, { self, handler: quiet }))).toBe("bad-request");
    expect(await codeOf(new UnixTransport().connect(long, { self, handler: quiet }))).toBe("bad-request");
  });

  test("a folder that is not there is an error, not a crash", async () => {
    const nowhere = join(directory, "none", "s.sock");
    expect(await codeOf(new UnixTransport().listen(nowhere, { self, handler: quiet }))).toBe(
      "data-unwritable",
    );
  });

  test("stop removes the file", async () => {
    const listener = await listen(quiet);
    await listener.stop();
    expect(existsSync(address)).toBe(false);
  });
});

describe("strangers", () => {
  test("a listener that is not us is bad-frame", async () => {
    const server = Bun.serve({ unix: address, fetch: () => new Response("hello") });
    cleanups.push(() => server.stop(true));
    expect(await codeOf(connect())).toBe("bad-frame");
  });

  test.each([
    ["that says nothing", { data() {} }, "link-closed"],
    ["that hangs up", { open: (socket: Bun.Socket) => void socket.end(), data() {} }, "link-closed"],
  ])("a listener %s is link-closed", async (_, socket, code) => {
    const server = Bun.listen({ unix: address, socket });
    cleanups.push(() => server.stop(true));
    expect(await codeOf(connect({ handshakeTimeoutMs: 50 }))).toBe(code);
  });

  test("garbage closes that link only", async () => {
    const errors: (string | undefined)[] = [];
    await listen({
      call: (incoming) => incoming.reply("fine", null),
      closed: (_, error) => void errors.push(error?.code),
    });
    const good = await connect();
    const stranger = await rawPeer();
    stranger.bytes(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    const rude = await rawPeer();
    rude.send(hello);
    rude.bytes(new Uint8Array(100).fill(255));
    await until(() => stranger.state.closed && rude.state.closed);
    expect(rude.heard.at(-1)).toMatchObject(["goaway", { code: "bad-frame" }]);
    expect(errors).toEqual(["bad-frame"]);
    expect(await call(good, null)).toBe("fine");
  });

  test("one that connects and says nothing is let go", async () => {
    await listen(quiet, { handshakeTimeoutMs: 30 });
    const silent = await rawPeer();
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
    await listen({ call() {}, closed: (_, error) => void errors.push(error?.code) });
    const peer = await rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      write(encoder);
    });
    await until(() => peer.state.closed);
    expect(errors).toEqual(["bad-frame"]);
  });

  test("credit beyond the window breaks the link", async () => {
    const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(10)) });
    await listen({ call: (incoming) => incoming.reply(null, endless) });
    const peer = await rawPeer();
    peer.send((encoder) => {
      hello(encoder);
      encoder.call(1, 0, null, "", false);
    });
    await until(() => peer.heard.length > 3);
    peer.send((encoder) => encoder.credit(1, 0xffffffff));
    await until(() => peer.state.closed);
  });

  test("frames about streams that are not there, and second answers, are ignored", async () => {
    await listen({ call: (incoming) => incoming.reply("fine", null) });
    const peer = await rawPeer();
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
    await listen({
      call: (incoming) => {
        incoming.reply("first", null);
        incoming.reply("second", null);
        incoming.fail(new MicrocosmError("internal", "third"));
      },
    });
    const peer = await rawPeer();
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
    rawListener({
      call: (stream, send) =>
        send((encoder) => {
          for (const head of ["first", "second"]) encoder.reply(stream, head, emptyBytes, true);
          encoder.fail(stream, new MicrocosmError("overloaded", "the body breaks off"));
        }),
    });
    const link = await connect();
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
    await listen({
      call: (incoming) => {
        seen.push(incoming.head);
        incoming.reply(null, null);
      },
    });
    const peer = await rawPeer();
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
    rawListener({ cancel: (stream) => void cancelled.push(stream) });
    const link = await connect();
    let id = 0;
    const outcome = new Promise<unknown>((resolve, reject) => {
      id = link.call(null, null, Date.now() + 20, { reply: resolve, fail: reject });
    });
    expect(await codeOf(outcome)).toBe("deadline-exceeded");
    await until(() => cancelled.length === 1);
    expect(cancelled).toEqual([id]);
  });
});

describe("a peer that does not read", () => {
  /** Says hello and then leaves all that comes in the kernel. */
  async function deafListener() {
    const server = Bun.listen({
      unix: address,
      socket: {
        open(socket) {
          const encoder = new FrameEncoder(() => {});
          hello(encoder);
          socket.write(encoder.bytes, 0, encoder.length);
          socket.pause();
        },
        data() {},
      },
    });
    cleanups.push(() => server.stop(true));
  }

  test("new calls fail with overloaded once the bound is reached, and closing does not wait for it", async () => {
    await deafListener();
    const link = await connect({
      maxBufferedBytes: 100_000,
      highWaterBytes: 50_000,
      lowWaterBytes: 10_000,
      closeTimeoutMs: 50,
    });
    const codes: string[] = [];
    const sink = { reply() {}, fail: (error: MicrocosmError) => void codes.push(error.code) };
    while (codes.length === 0) {
      for (let i = 0; i < 20; i++) link.call("x".repeat(1000), new Uint8Array(10_000), 0, sink);
      await Bun.sleep(0);
    }
    expect(new Set(codes)).toEqual(new Set(["overloaded"]));
    expect(link.buffered).toBeLessThan(200_000);
    let drained = false;
    const draining = link.drained().then(() => {
      drained = true;
    });
    await Bun.sleep(5);
    expect(drained).toBe(false);
    await link.close();
    await draining;
  });

  test("notifications beyond the bound break the link, memory does not grow", async () => {
    await deafListener();
    const errors: (string | undefined)[] = [];
    const link = await connect(
      { maxBufferedBytes: 100_000, highWaterBytes: 50_000, lowWaterBytes: 10_000, closeTimeoutMs: 50 },
      { call() {}, closed: (_, error) => void errors.push(error?.code) },
    );
    while (link.open) {
      for (let i = 0; i < 20; i++) link.notify(null, new Uint8Array(10_000));
      await Bun.sleep(0);
    }
    expect(errors).toEqual(["overloaded"]);
  });
});

describe("load and death", () => {
  test("drained waits until a slow reader took what was queued", async () => {
    let received = 0;
    const notify = (_link: Link, _head: unknown, body: Uint8Array) => {
      received += body.length;
    };
    await listen({ call() {}, notify });
    const link = await connect();
    for (let i = 0; i < 100; i++) link.notify(null, new Uint8Array(100_000));
    expect(link.buffered).toBeGreaterThan(9_000_000);
    await link.drained();
    expect(link.buffered).toBeLessThanOrEqual(256 * 1024);
    await until(() => received === 10_000_000);
  });

  test("when a process is killed, the calls to it fail with link-closed", async () => {
    const script = `
      const { UnixTransport } = await import(${JSON.stringify(join(import.meta.dir, "unix.ts"))});
      const self = { service: "victim", instance: "victim-1", generation: 1 };
      const handler = { call(incoming) { if (incoming.head === "die") process.kill(process.pid, "SIGKILL"); } };
      await new UnixTransport().listen(${JSON.stringify(address)}, { self, handler });
      console.log("ready");`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    cleanups.push(() => child.kill("SIGKILL"));
    await child.stdout.getReader().read();
    const errors: (string | undefined)[] = [];
    const link = await connect({}, { call() {}, closed: (_, error) => void errors.push(error?.code) });
    const pending = Array.from({ length: 50 }, (_, i) => codeOf(call(link, i)));
    expect(await codeOf(call(link, "die"))).toBe("link-closed");
    expect(new Set(await Promise.all(pending))).toEqual(new Set(["link-closed"]));
    expect(errors).toEqual(["link-closed"]);
    expect(link.open).toBe(false);
  });

  test("a handler that throws breaks its link, not the process", async () => {
    const errors: (string | undefined)[] = [];
    await listen({
      call(_: IncomingCall) {
        throw new TypeError("a defect");
      },
      closed: (_, error) => void errors.push(error?.code),
    });
    const link = await connect();
    expect(await codeOf(call(link, null))).toBe("link-closed");
    expect(errors).toEqual(["internal"]);
  });
});
