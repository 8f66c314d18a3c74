import { appendFile, rename, stat } from "node:fs/promises";

export interface LogFileOptions {
  /** `…/orders.ndjson`; older ones get `.1`, `.2`… behind it. */
  readonly path: string;
  /** A file is put aside when it is this long. */
  readonly maxBytes: number;
  /** Files kept, the current one included. */
  readonly files: number;
  /** Text waiting for the disk, in characters; beyond it lines are dropped and counted. */
  readonly maxPendingCharacters: number;
  /** A write failed; told once until one succeeds again. */
  readonly failed: (error: unknown) => void;
  /** The line that stands in the file where `count` lines are missing. */
  readonly gap: (count: number) => string;
}

/** Appends lines to a file of bounded size, without ever waiting: the disk may be slow, full or gone. */
export class LogFile {
  readonly #options: LogFileOptions;
  #pending: string[] = [];
  #pendingCharacters = 0;
  /** Lines lost because the disk did not keep up or failed, and not told of yet. */
  #dropped = 0;
  #bytes: number | undefined;
  #writing: Promise<void> | undefined;
  #failing = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** `text` without its newline. */
  append(text: string): void {
    if (this.#pendingCharacters + text.length > this.#options.maxPendingCharacters) {
      this.#dropped += 1;
      return;
    }
    this.#pending.push(text);
    this.#pendingCharacters += text.length + 1;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when all that was appended is written or lost. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      // Lets the lines of this tick come together.
      await new Promise((resolve) => setImmediate(resolve));
      const lines = this.#pending;
      this.#pending = [];
      this.#pendingCharacters = 0;
      const gap = this.#dropped === 0 ? "" : `${this.#options.gap(this.#dropped)}\n`;
      const bytes = Buffer.from(`${gap}${lines.join("\n")}\n`);
      try {
        await this.#makeRoom(bytes.length);
        await appendFile(this.#options.path, bytes, { mode: 0o600 });
        this.#bytes = (this.#bytes ?? 0) + bytes.length;
        this.#dropped = 0;
        this.#failing = false;
      } catch (error) {
        this.#dropped += lines.length;
        this.#bytes = undefined;
        if (!this.#failing) this.#options.failed(error);
        this.#failing = true;
      }
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { path, maxBytes, files } = this.#options;
    this.#bytes ??= await sizeOf(path);
    if (this.#bytes === 0 || this.#bytes + bytes <= maxBytes) return;
    for (let n = files - 1; n >= 1; n -= 1) {
      await rename(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`).catch((error) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      });
    }
    this.#bytes = 0;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
