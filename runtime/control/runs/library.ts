import { MicrocosmError } from "../../../sdk/errors.ts";
import { Recording } from "../../recording/recording.ts";
import type { ComparableRun } from "./comparable-run.ts";
import { currentRun, type RunFacts } from "./model.ts";
import { recordedRun } from "./recorded-run.ts";
import { Upload } from "./upload.ts";

/** Each keeps its unpacked database on the disk. */
const maxRecordings = 6;
const maxUploads = 2;

export interface RunLibraryOptions {
  /** The dashboard's own; absent where telemetry is off. */
  readonly first: ComparableRun | undefined;
  /** Aborted when the server stops: what was opened is closed. */
  readonly ending: AbortSignal;
}

/** The runs that one dashboard can lay side by side. */
export class RunLibrary {
  readonly #runs = new Map<string, ComparableRun>();
  readonly #uploads = new Map<string, Upload>();
  #numbers = 0;

  constructor({ first, ending }: RunLibraryOptions) {
    if (first !== undefined) this.#runs.set(currentRun, first);
    ending.addEventListener("abort", () => this.#close(), { once: true });
  }

  list(): RunFacts[] {
    return [...this.#runs.values()].map((run) => run.facts());
  }

  /** Throws `not-found`. */
  run(id: string): ComparableRun {
    const found = this.#runs.get(id);
    if (found === undefined) throw new MicrocosmError("not-found", `There is no run "${id}" here.`);
    return found;
  }

  /** Opens a recording beside the others; `name` is how people call it. Rejects as Recording.open does. */
  async open(file: string, name = file): Promise<RunFacts> {
    if (this.#runs.size > maxRecordings) {
      throw new MicrocosmError(
        "overloaded",
        `At most ${maxRecordings} recordings are open: close one first.`,
      );
    }
    const recording = await Recording.open(file);
    const id = `r${++this.#numbers}`;
    const run = recordedRun(id, recording, name);
    this.#runs.set(id, run);
    return run.facts();
  }

  /** Throws `not-found`, and `bad-request` for the dashboard's own. */
  close(id: string): void {
    if (id === currentRun) throw new MicrocosmError("bad-request", "This is the dashboard's own run.");
    this.run(id).close();
    this.#runs.delete(id);
  }

  /** A recording will be sent in parts. Throws `overloaded`. */
  receive(name: string, bytes: number): string {
    // One that was given up must not keep others out for ever.
    const oldest = this.#uploads.keys().next().value;
    if (this.#uploads.size >= maxUploads && oldest !== undefined) this.#drop(oldest);
    const id = `u${++this.#numbers}`;
    this.#uploads.set(id, new Upload(name, bytes));
    return id;
  }

  /** The next part. With the last one the recording is opened. Rejects with `not-found`, `bad-request`, `recording-invalid`. */
  async part(
    id: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<RunFacts | { readonly received: number }> {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new MicrocosmError("not-found", `There is no upload "${id}" any more.`);
    const received = upload.append(offset, bytes);
    if (received < upload.bytes) return { received };
    try {
      return await this.open(upload.file, upload.name);
    } catch (error) {
      // The file's place on this disk says nothing to whoever sent it.
      if (!(error instanceof MicrocosmError)) throw error;
      throw new MicrocosmError(error.code, error.message.replace(upload.file, upload.name), { cause: error });
    } finally {
      this.#drop(id);
    }
  }

  #drop(id: string): void {
    this.#uploads.get(id)?.remove();
    this.#uploads.delete(id);
  }

  #close(): void {
    for (const id of [...this.#uploads.keys()]) this.#drop(id);
    for (const run of this.#runs.values()) run.close();
    this.#runs.clear();
  }
}
