import type { Hono } from "hono";
import { Recording } from "../recording/recording.ts";
import { createRecordingApp } from "./recording-app.ts";
import { LoopbackServer, newToken } from "./loopback.ts";
import type { PageFiles } from "./routes/pages.ts";
import { RunLibrary } from "./runs/library.ts";
import { currentRun } from "./runs/model.ts";
import { recordedRun } from "./runs/recorded-run.ts";

export interface RecordingServerOptions {
  /** The first is shown; the others are there to be compared with it. */
  readonly files: readonly [string, ...string[]];
  readonly pages: () => Promise<PageFiles>;
  /** Of 127.0.0.1; 0 for any free one. */
  readonly port: number;
  readonly log: (message: string) => void;
}

/** The dashboard on a recording. */
export class RecordingServer {
  readonly #options: RecordingServerOptions;
  readonly #token = newToken();
  readonly #ending = new AbortController();
  readonly #server: LoopbackServer;
  #app: Hono | undefined;
  #recording: Recording | undefined;

  constructor(options: RecordingServerOptions) {
    this.#options = options;
    this.#server = new LoopbackServer({
      port: options.port,
      fetch: (request) => this.#app!.fetch(request),
    });
  }

  get url(): string {
    return this.#server.url;
  }

  /** What opens the dashboard in a browser. */
  get link(): string {
    return `${this.url}/?token=${this.#token}`;
  }

  /** Rejects with `recording-invalid`, `not-found`, `data-unwritable`, `port-in-use`. Returns what is shown. */
  async start(): Promise<Recording> {
    const { files, pages, log } = this.#options;
    const [first, ...others] = files;
    this.#recording = await Recording.open(first);
    try {
      const library = new RunLibrary({
        first: recordedRun(currentRun, this.#recording),
        ending: this.#ending.signal,
      });
      for (const file of others) await library.open(file);
      this.#app = createRecordingApp({
        recording: this.#recording,
        library,
        token: this.#token,
        pages,
        port: () => this.#server.port,
        ending: this.#ending.signal,
        log,
      });
      this.#server.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    return this.#recording;
  }

  /** Closes what is open and deletes what was unpacked. Idempotent. */
  async stop(): Promise<void> {
    await this.#server.stop();
    this.#ending.abort();
    this.#recording?.close();
    this.#recording = undefined;
  }
}
