import { join } from "node:path";
import type { LogLine } from "../control/api.ts";
import { LogFile } from "./log-file.ts";
import { type LogFilter, LogFollower, matches } from "./log-follower.ts";

export interface LogStoreOptions {
  /** `<data>/logs`; must exist. */
  readonly directory: string;
  /** Lines kept in memory per instance. Default 1000. */
  readonly ringLines?: number;
  /** Characters kept in memory per instance. Default 512 Ki. */
  readonly ringCharacters?: number;
  /** Bytes of a service's file before it is put aside. Default 10 MiB. */
  readonly fileBytes?: number;
  /** Files kept per service. Default 3. */
  readonly files?: number;
  /** Hears of each line that the observer has from nobody else. Must not throw. */
  readonly untold?: ((line: LogLine) => void) | undefined;
}

const maxPendingCharacters = 4 * 1024 * 1024;

/** The last lines of one instance, bounded by number and by size. */
class Ring {
  readonly #lines: { readonly line: LogLine; readonly characters: number }[] = [];
  #characters = 0;

  push(line: LogLine, characters: number, maxLines: number, maxCharacters: number): void {
    this.#lines.push({ line, characters });
    this.#characters += characters;
    while (this.#lines.length > maxLines || (this.#characters > maxCharacters && this.#lines.length > 1)) {
      this.#characters -= this.#lines.shift()?.characters ?? 0;
    }
  }

  lines(): LogLine[] {
    return this.#lines.map((entry) => entry.line);
  }
}

/** All lines of all workers and of the supervisor: the last ones in memory, more of them in files, new ones to followers. */
export class LogStore {
  readonly #directory: string;
  readonly #ringLines: number;
  readonly #ringCharacters: number;
  readonly #fileBytes: number;
  readonly #fileCount: number;
  readonly #untold: (line: LogLine) => void;
  /** By instance. Those of removed instances stay readable; their number is bounded by the scale limits. */
  readonly #rings = new Map<string, Ring>();
  readonly #files = new Map<string, LogFile>();
  readonly #followers = new Set<LogFollower>();

  constructor(options: LogStoreOptions) {
    this.#directory = options.directory;
    this.#ringLines = positive("ringLines", options.ringLines ?? 1000);
    this.#ringCharacters = positive("ringCharacters", options.ringCharacters ?? 512 * 1024);
    this.#fileBytes = positive("fileBytes", options.fileBytes ?? 10 * 1024 * 1024);
    this.#fileCount = positive("files", options.files ?? 3);
    this.#untold = options.untold ?? (() => {});
  }

  /** `isTold`: who wrote it tells the observer of it too. */
  write(line: LogLine, isTold = false): void {
    const text = JSON.stringify(line);
    this.#ring(line.instance).push(line, text.length, this.#ringLines, this.#ringCharacters);
    this.#file(line.service).append(text);
    for (const follower of this.#followers) follower.push(line);
    if (!isTold) this.#untold(line);
  }

  /** The last `count` lines that pass the filter, oldest first. */
  history(filter: LogFilter, count: number): LogLine[] {
    if (count <= 0) return [];
    const found: LogLine[] = [];
    for (const ring of this.#rings.values()) {
      for (const line of ring.lines()) if (matches(filter, line)) found.push(line);
    }
    return found.sort((a, b) => a.at - b.at).slice(-count);
  }

  /** Lines written from now on. One that reads too slowly misses some and is told how many. */
  follow(filter: LogFilter): LogFollower {
    const follower = new LogFollower(filter, () => this.#followers.delete(follower));
    this.#followers.add(follower);
    return follower;
  }

  /** Resolves when everything written so far is in the files. */
  async flush(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }

  /** Ends all followers and flushes. */
  async stop(): Promise<void> {
    for (const follower of [...this.#followers]) follower.close();
    await this.flush();
  }

  #ring(instance: string): Ring {
    let ring = this.#rings.get(instance);
    if (ring === undefined) {
      ring = new Ring();
      this.#rings.set(instance, ring);
    }
    return ring;
  }

  #file(service: string): LogFile {
    let file = this.#files.get(service);
    if (file === undefined) {
      file = new LogFile({
        path: join(this.#directory, `${service}.ndjson`),
        maxBytes: this.#fileBytes,
        files: this.#fileCount,
        maxPendingCharacters,
        failed: (error) => this.#cannotWrite(service, error),
        gap: (count) =>
          JSON.stringify(ownLine("warn", `${count} lines are missing here: the disk was full or slow`)),
      });
      this.#files.set(service, file);
    }
    return file;
  }

  /** Said everywhere but in the file, which is what does not work. */
  #cannotWrite(service: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const line = ownLine("error", `the log file of ${service} cannot be written: ${reason}`);
    this.#ring(line.instance).push(line, line.message.length, this.#ringLines, this.#ringCharacters);
    for (const follower of this.#followers) follower.push(line);
    this.#untold(line);
  }
}

function ownLine(level: LogLine["level"], message: string): LogLine {
  return { at: Date.now(), service: "supervisor", instance: "supervisor", level, message };
}

function positive(key: string, value: number): number {
  if (!(value >= 1)) throw new RangeError(`LogStore: ${key} must be at least 1, not ${value}`);
  return value;
}
