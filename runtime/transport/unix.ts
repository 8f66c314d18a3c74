import { MicrocosmError } from "../../sdk/errors.ts";
import { Deadlines } from "./deadlines.ts";
import { Flusher } from "./flusher.ts";
import { type TransportOptions, transportSettings } from "./options.ts";
import { type SessionShared, SocketSession } from "./socket-session.ts";
import type { Link, LinkOptions, Listener, Transport } from "./transport.ts";

/** The kernel's bound on a socket path, with its closing zero. */
const maxPathBytes = 108;

/** Links over Unix domain sockets. Addresses are paths. */
export class UnixTransport implements Transport {
  readonly name = "unix";
  readonly #shared: SessionShared;

  constructor(options: TransportOptions = {}) {
    const settings = transportSettings(options);
    this.#shared = { settings, flusher: new Flusher(), deadlines: new Deadlines(settings.clock) };
  }

  async listen(address: string, options: LinkOptions): Promise<Listener> {
    checkPath(address);
    let server: Bun.UnixSocketListener<SocketSession>;
    try {
      server = this.#bind(address, options);
    } catch (cause) {
      if (codeOf(cause) !== "EADDRINUSE") {
        throw new MicrocosmError("data-unwritable", `cannot listen at ${address}: ${codeOf(cause)}`, {
          cause,
        });
      }
      if (await answers(address)) {
        throw new MicrocosmError("already-running", `another process listens at ${address}`, { cause });
      }
      // Nobody behind it: left by a process that was killed.
      await Bun.file(address).delete();
      server = this.#bind(address, options);
    }
    let stopped = false;
    return {
      address,
      async stop() {
        if (stopped) return;
        stopped = true;
        server.stop();
      },
    };
  }

  async connect(address: string, options: LinkOptions): Promise<Link> {
    checkPath(address);
    const shared = this.#shared;
    let session: SocketSession | undefined;
    try {
      await Bun.connect<SocketSession | undefined>({
        unix: address,
        socket: {
          binaryType: "uint8array",
          open(socket) {
            session = new SocketSession(socket, shared, options, { initiator: true });
            socket.data = session;
          },
          data(socket, bytes: Uint8Array) {
            socket.data?.onData(bytes);
          },
          drain(socket) {
            socket.data?.onDrain();
          },
          close(socket) {
            socket.data?.onClose();
          },
          error(socket) {
            socket.data?.onClose();
          },
        },
      });
    } catch (cause) {
      throw new MicrocosmError("link-closed", `nobody listens at ${address} (${codeOf(cause)})`, { cause });
    }
    if (session === undefined) throw new MicrocosmError("link-closed", `no connection to ${address}`);
    return session.ready;
  }

  #bind(address: string, options: LinkOptions): Bun.UnixSocketListener<SocketSession> {
    const shared = this.#shared;
    return Bun.listen<SocketSession>({
      unix: address,
      socket: {
        binaryType: "uint8array",
        open(socket) {
          socket.data = new SocketSession(socket, shared, options, { initiator: false });
        },
        data(socket, bytes: Uint8Array) {
          socket.data.onData(bytes);
        },
        drain(socket) {
          socket.data.onDrain();
        },
        close(socket) {
          socket.data.onClose();
        },
        error(socket) {
          socket.data.onClose();
        },
      },
    } as Bun.UnixSocketOptions<SocketSession>);
  }
}

function checkPath(address: string): void {
  const length = Buffer.byteLength(address) + 1;
  if (length > maxPathBytes) {
    throw new MicrocosmError(
      "bad-request",
      `the socket path ${address} has ${length} bytes; ${maxPathBytes} is the most`,
    );
  }
}

/** Whether a process accepts connections there. */
async function answers(address: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: address, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
