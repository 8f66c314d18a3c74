import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../../sdk/errors.ts";

/** A recording on its way from a browser, part by part, on the disk and not in memory. */
export class Upload {
  readonly name: string;
  readonly bytes: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "microcosm-upload-"));
  #received = 0;

  constructor(name: string, bytes: number) {
    this.name = name;
    this.bytes = bytes;
  }

  get file(): string {
    return join(this.#folder, "recording");
  }

  /** Returns how many bytes are there. Throws `bad-request` for a part that is not the next one, or too long. */
  append(offset: number, part: Uint8Array): number {
    if (offset !== this.#received || part.length === 0 || offset + part.length > this.bytes) {
      throw new MicrocosmError(
        "bad-request",
        `${this.name}: expected a part at ${this.#received} of ${this.bytes} bytes, not ${part.length} at ${offset}.`,
      );
    }
    appendFileSync(this.file, part, { mode: 0o600 });
    this.#received += part.length;
    return this.#received;
  }

  /** Idempotent. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
