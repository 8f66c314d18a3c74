import type { LogLine } from "../control/api.ts";
import { levelOrder } from "./log-line.ts";

export interface LogFilter {
  readonly service?: string | undefined;
  readonly instance?: string | undefined;
  /** This level and the graver ones. */
  readonly level?: LogLine["level"] | undefined;
  /** Milliseconds since the epoch, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export function matches(filter: LogFilter, line: LogLine): boolean {
  return (
    (filter.service === undefined || filter.service === line.service) &&
    (filter.instance === undefined || filter.instance === line.instance) &&
    (filter.from === undefined || line.at >= filter.from) &&
    (filter.to === undefined || line.at <= filter.to) &&
    (filter.level === undefined || levelOrder.indexOf(line.level) >= levelOrder.indexOf(filter.level))
  );
}

const maxQueuedLines = 10_000;
const maxQueuedCharacters = 8 * 1024 * 1024;

/**
 * One reader of new lines, `for await (const line of follower)`. When it falls behind, the newest lines are dropped until
 * it has caught up, and a line in their place says how many.
 */
export class LogFollower implements AsyncIterable<LogLine> {
  readonly #filter: LogFilter;
  readonly #closed: () => void;
  #queue: LogLine[] = [];
  #queuedCharacters = 0;
  #missed = 0;
  #open = true;
  #wake: () => void = () => {};

  constructor(filter: LogFilter, closed: () => void) {
    this.#filter = filter;
    this.#closed = closed;
  }

  push(line: LogLine): void {
    if (!this.#open || !matches(this.#filter, line)) return;
    if (this.#queue.length >= maxQueuedLines || this.#queuedCharacters >= maxQueuedCharacters)
      this.#missed += 1;
    else {
      this.#queue.push(line);
      this.#queuedCharacters += line.message.length;
    }
    this.#wake();
  }

  /** What is queued is still read; then the iteration ends. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LogLine> {
    try {
      while (this.#open || this.#queue.length > 0) {
        if (this.#queue.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        yield* this.#take();
      }
    } finally {
      this.close();
    }
  }

  #take(): LogLine[] {
    const lines = this.#queue;
    const last = lines[lines.length - 1];
    if (this.#missed > 0 && last !== undefined) {
      lines.push({
        at: last.at,
        service: "supervisor",
        instance: "supervisor",
        level: "warn",
        message: `${this.#missed} lines are missing here: this reader was too slow`,
      });
    }
    this.#queue = [];
    this.#queuedCharacters = 0;
    this.#missed = 0;
    return lines;
  }
}
