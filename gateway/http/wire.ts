import type { Socket } from "bun";
import type { Flushable, Flushes } from "../../runtime/transport/flusher.ts";
import { latin1Write } from "../../runtime/protocol/text.ts";

/** Largest answer that leaves in one write together with its head. */
const scratchBytes = 64 * 1024;
/** Shared by all connections: it is used up within one call. */
const scratch = new Uint8Array(scratchBytes);

/**
 * Hot path. What waits to be sent to one client. Head and body of an answer leave with one system call, copied side by
 * side into a buffer that all connections share; only what the kernel does not take at once is kept.
 *
 * Answers made in one turn of the event loop can leave one after the other at its end (`hold`): a client that is woken by
 * the first finds more of them there, in place of falling asleep again after each.
 */
export class Wire {
  readonly #socket: Socket<unknown>;
  readonly #flusher: Flushes;
  readonly #owner: Flushable;
  /** Of an answer that leaves with the turn; "" for none. */
  #heldHead = "";
  #heldBody: Uint8Array | undefined = undefined;
  #waiting: Uint8Array[] = [];
  /** With what is held. */
  #waitingBytes = 0;

  /** `owner.flush` is called at the end of a turn in which something was held. */
  constructor(socket: Socket<unknown>, flusher: Flushes, owner: Flushable) {
    this.#socket = socket;
    this.#flusher = flusher;
    this.#owner = owner;
  }

  /** Bytes that the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** As `write`, but at the end of the turn, when the owner calls `drain`. `body` must stay unchanged until then. */
  hold(head: string, body: Uint8Array | undefined): void {
    const total = head.length + (body?.length ?? 0);
    if (total > scratchBytes || this.#waitingBytes > 0) {
      this.write(head, body);
      return;
    }
    this.#heldHead = head;
    this.#heldBody = body;
    this.#waitingBytes = total;
    this.#flusher.schedule(this.#owner);
  }

  /** `head` is Latin-1. */
  write(head: string, body: Uint8Array | undefined): void {
    this.#release();
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
    this.#release();
    if (this.#waitingBytes > 0) {
      this.#keep(bytes);
      return;
    }
    const sent = Math.max(0, this.#socket.write(bytes));
    if (sent < bytes.length) this.#keep(bytes.subarray(sent));
  }

  /** The kernel has room again, or the turn in which something was held is over. */
  drain(): void {
    this.#release();
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
    this.#heldHead = "";
    this.#heldBody = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Sends what is held. Nothing waits before it: it would not have been held. */
  #release(): void {
    const head = this.#heldHead;
    if (head === "") return;
    const body = this.#heldBody;
    this.#heldHead = "";
    this.#heldBody = undefined;
    this.#waitingBytes = 0;
    this.write(head, body);
  }

  #keep(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}
