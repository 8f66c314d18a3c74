/** Buffers that were used and may be again: fresh memory costs more than what is written there. */
export class BufferPool {
  readonly #fewestBytes: number;
  readonly #most: number;
  readonly #buffers: Buffer[] = [];

  /** Keeps at most `most` buffers, and none smaller than `fewestBytes`. */
  constructor(fewestBytes: number, most: number) {
    this.#fewestBytes = fewestBytes;
    this.#most = most;
  }

  /** One of at least `bytes`; what is in it is of no meaning. */
  take(bytes: number): Buffer | undefined {
    const buffer = this.#buffers.pop();
    return buffer !== undefined && buffer.length >= bytes ? buffer : undefined;
  }

  /** Nobody else may use the memory that `part` lies in from now on. */
  give(part: Buffer): void {
    const bytes = part.buffer.byteLength;
    if (bytes < this.#fewestBytes || this.#buffers.length >= this.#most) return;
    this.#buffers.push(Buffer.from(part.buffer, 0, bytes));
  }
}
