/** Where lines go; `done` is called once the reader has the text, or is gone. */
export interface OutputStream {
  write(text: string, done: () => void): unknown;
}

/** Bytes (UTF-16 units, near enough) waiting for a reader that is slow. */
const maxWaiting = 1024 * 1024;

/**
 * Writes lines to a stream whose reader may be slow or gone: never blocks, holds at most 1 MiB, and says how many
 * lines it had to drop. Lines of one tick leave in one write.
 */
export class LineOutput {
  readonly #stream: OutputStream;
  readonly #dropped: (count: number) => string;
  #lines: string[] = [];
  #waiting = 0;
  #lost = 0;
  #writing = false;
  #idle: (() => void)[] = [];

  /** `dropped` words the line that tells of a gap. */
  constructor(stream: OutputStream, dropped: (count: number) => string) {
    this.#stream = stream;
    this.#dropped = dropped;
  }

  write(line: string): void {
    if (this.#waiting + line.length > maxWaiting) {
      this.#lost++;
      return;
    }
    this.#waiting += line.length;
    if (this.#lines.push(line) === 1 && !this.#writing) queueMicrotask(() => this.#send());
  }

  /** Resolves when all is written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void> {
    if (this.#waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #send(): void {
    if (this.#writing || this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    if (this.#lost > 0) {
      lines.push(this.#dropped(this.#lost));
      this.#lost = 0;
    }
    this.#writing = true;
    this.#stream.write(`${lines.join("\n")}\n`, () => {
      this.#writing = false;
      this.#waiting = this.#lines.reduce((total, line) => total + line.length, 0);
      if (this.#lines.length > 0) this.#send();
      else for (const told of this.#idle.splice(0)) told();
    });
  }
}
