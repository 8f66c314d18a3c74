import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameEncoder } from "../protocol/encoder.ts";
import { call, codeOf, quiet, until } from "./conformance/network.ts";
import { hello, SocketPlace, self } from "./conformance/socket-place.ts";
import type { FrameLink } from "./link.ts";
import type { IncomingCall, Link } from "./transport.ts";
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

const place = new SocketPlace();

describe("socket files", () => {
  test("one left by a killed process is replaced", async () => {
    const script = `Bun.listen({ unix: ${JSON.stringify(place.address)}, socket: { data() {} } });
      process.kill(process.pid, "SIGKILL");`;
    await Bun.spawn([process.execPath, "-e", script]).exited;
    expect(existsSync(place.address)).toBe(true);
    await place.listen({ call: (incoming) => incoming.reply("here", null) });
    expect((await call(await place.connect(), null)).head).toBe("here");
  });

  test("a path over the kernel's bound is refused with its length", async () => {
    const long = join(place.directory, "x".repeat(100));
    expect(await codeOf(new UnixTransport().listen(long, { self, handler: quiet }))).toBe("bad-request");
    expect(await codeOf(new UnixTransport().connect(long, { self, handler: quiet }))).toBe("bad-request");
  });

  test("a folder that is not there is an error, not a crash", async () => {
    const nowhere = join(place.directory, "none", "s.sock");
    expect(await codeOf(new UnixTransport().listen(nowhere, { self, handler: quiet }))).toBe(
      "data-unwritable",
    );
  });

  test("stop removes the file", async () => {
    const listener = await place.listen(quiet);
    await listener.stop();
    expect(existsSync(place.address)).toBe(false);
  });
});

test("what an early link sends in a task is gone before the turn's other frames", async () => {
  const transport = new UnixTransport();
  await place.listen(quiet);
  const [usual, early] = await Promise.all(
    [false, true].map((isEarly) => transport.connect(place.address, { self, handler: quiet, isEarly })),
  );
  usual!.notify("first");
  early!.notify("second");
  await Promise.resolve();
  expect(usual!.buffered).toBeGreaterThan(0);
  expect(early!.buffered).toBe(0);
  await Promise.all([usual!.close(), early!.close()]);
});

describe("a peer that does not read", () => {
  /** Says hello and then leaves all that comes in the kernel. */
  async function deafListener() {
    const server = Bun.listen({
      unix: place.address,
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
    place.cleanUp(() => server.stop(true));
  }

  test("new calls fail with overloaded once the bound is reached, and closing does not wait for it", async () => {
    await deafListener();
    const link = await place.connect({
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
    const link = await place.connect(
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
    await place.listen({ call() {}, notify });
    const link = await place.connect();
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
      await new UnixTransport().listen(${JSON.stringify(place.address)}, { self, handler });
      console.log("ready");`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    place.cleanUp(() => child.kill("SIGKILL"));
    await child.stdout.getReader().read();
    const errors: (string | undefined)[] = [];
    const link = await place.connect({}, { call() {}, closed: (_, error) => void errors.push(error?.code) });
    const pending = Array.from({ length: 50 }, (_, i) => codeOf(call(link, i)));
    expect(await codeOf(call(link, "die"))).toBe("link-closed");
    expect(new Set(await Promise.all(pending))).toEqual(new Set(["link-closed"]));
    expect(errors).toEqual(["link-closed"]);
    expect(link.open).toBe(false);
  });

  test("a handler that throws breaks its link, not the process", async () => {
    const errors: (string | undefined)[] = [];
    await place.listen({
      call(_: IncomingCall) {
        throw new TypeError("a defect");
      },
      closed: (_, error) => void errors.push(error?.code),
    });
    const link = await place.connect();
    expect(await codeOf(call(link, null))).toBe("link-closed");
    expect(errors).toEqual(["internal"]);
  });
});
