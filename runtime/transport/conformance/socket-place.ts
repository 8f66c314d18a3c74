import { afterEach, beforeEach } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FrameDecoder } from "../../protocol/decoder.ts";
import { FrameEncoder } from "../../protocol/encoder.ts";
import { emptyBytes, type Frames } from "../../protocol/frame.ts";
import type { TransportOptions } from "../options.ts";
import type { Link, LinkHandler, Listener, Peer } from "../transport.ts";
import { UnixTransport } from "../unix.ts";
import { quiet } from "./network.ts";

export const self: Peer = { service: "catalog", instance: "catalog-1", generation: 1 };

type Write = (encoder: FrameEncoder) => void;
type Send = (write: Write) => void;

export function hello(encoder: FrameEncoder): void {
  encoder.hello("orders", "orders-1", 1);
}

/** A socket path of its own for each test of a file, our ends and ill-mannered ones at it; all gone after the test. */
export class SocketPlace {
  directory = "";
  address = "";
  readonly #cleanups: (() => unknown)[] = [];

  constructor() {
    beforeEach(async () => {
      this.directory = await mkdtemp(join(tmpdir(), "microcosm-"));
      this.address = join(this.directory, "s.sock");
    });
    afterEach(async () => {
      for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
      await rm(this.directory, { recursive: true, force: true });
    });
  }

  cleanUp(work: () => unknown): void {
    this.#cleanups.push(work);
  }

  async listen(handler: LinkHandler, options: TransportOptions = {}): Promise<Listener> {
    const listener = await new UnixTransport(options).listen(this.address, { self, handler });
    this.cleanUp(() => listener.stop());
    return listener;
  }

  async connect(options: TransportOptions = {}, handler = quiet): Promise<Link> {
    const link = await new UnixTransport(options).connect(this.address, { self, handler });
    this.cleanUp(() => link.close());
    return link;
  }

  /** A peer without manners: writes the frames or bytes it is told to, and notes what it hears. */
  async rawPeer() {
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
      unix: this.address,
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
    this.cleanUp(() => socket.terminate());
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

  /** A listener that says hello and leaves the rest to the test. */
  rawListener(hears: {
    call?: (stream: number, send: Send) => void;
    cancel?: (stream: number) => void;
  }): void {
    const server = Bun.listen<FrameDecoder>({
      unix: this.address,
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
    this.cleanUp(() => server.stop(true));
  }
}
