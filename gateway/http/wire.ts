import type { Socket } from "bun";
import { latin1Write } from "../../runtime/protocol/text.ts";

/** Largest answer that leaves in one write together with its head. */
const scratchBytes = 64 * 1024;
/** Shared by all connections: it is used up within one call. */
const scratch = new Uint8Array(scratchBytes);

/**
 * Hot path. What waits to be sent to one client. Head and body of an answer leave with one system call, copied side by
 * side into a buffer that all connections share; only what the kernel does not take at once is kept.
 */
export class Wire {
  readonly #socket: Socket<unknown>;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(socket: Socket<unknown>) {
    this.#socket = socket;
  }

  /** Bytes that the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** `head` is Latin-1. */
  write(head: string, body: Uint8Array | undefined): void {
    const total = head.length + (body?.length ?? 0);
    if (total > scratchBytes || this.#waitingBytes > 0) {
      this.writeBytes(Buffer.from(head, "latin1"));
      if (body !== undefined) this.writeBytes(body);
      return;
    }
    latin1Write.call(scratch, head, 0);
    if (body !== undefined) scratch.set(body, head.length);
    const sent = Math.max(0, this.#socket.write(scratch, 0, total));
    // The scratch is written over with the next answer, so what waits is copied.
    if (sent < total) this.#keep(Buffer.from(scratch.subarray(sent, total)));
  }

  /** `bytes` must stay unchanged until they are sent. */
  writeBytes(bytes: Uint8Array): void {
    if (this.#waitingBytes > 0) {
      this.#keep(bytes);
      return;
    }
    const sent = Math.max(0, this.#socket.write(bytes));
    if (sent < bytes.length) this.#keep(bytes.subarray(sent));
  }

  /** The kernel has room again. */
  drain(): void {
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0]!;
      const sent = Math.max(0, this.#socket.write(bytes));
      this.#waitingBytes -= sent;
      if (sent < bytes.length) {
        this.#waiting[0] = bytes.subarray(sent);
        return;
      }
      this.#waiting.shift();
    }
  }

  /** The client left. */
  drop(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #keep(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}
