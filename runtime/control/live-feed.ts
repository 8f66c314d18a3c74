import type { Clock } from "../clock.ts";
import type { LiveGraph, TimelineEntry } from "../telemetry/query.ts";

export interface LiveFeedOptions {
  readonly graph: () => Promise<LiveGraph>;
  readonly timeline: (told: (entry: TimelineEntry) => void) => () => void;
  readonly clock: Clock;
  /** Default 1000. */
  readonly intervalMs?: number;
  /** Hears of each update that a browser was too slow for. Must not throw. */
  readonly skipped?: (() => void) | undefined;
}

/** Timeline entries that wait for one browser; of more, the oldest are left out: the timeline's own page has them. */
const maxEntries = 100;

/**
 * Server-sent events for pages. The graph is asked for once an interval, however many watch, and not at all when nobody
 * does. A watcher has one place for the graph, and the newest is in it: who reads slowly sees fewer of them, and nothing
 * piles up here. What it does not see is counted.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #watchers = new Set<Watcher>();
  #stopAsking: () => void = () => {};
  #stopListening: () => void = () => {};

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Until the client goes away or `ending` is aborted. */
  response(ending: AbortSignal): Response {
    const watcher = new Watcher(this.#options.skipped ?? (() => {}));
    const leave = () => {
      ending.removeEventListener("abort", leave);
      watcher.close();
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#rest();
    };
    ending.addEventListener("abort", leave, { once: true });
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#wake();
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const bytes = await watcher.next();
          if (bytes === undefined) controller.close();
          else controller.enqueue(bytes);
        },
        cancel: leave,
      },
      // Made when it can leave, not before.
      { highWaterMark: 0 },
    );
    if (ending.aborted) leave();
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  #wake(): void {
    this.#stopListening = this.#options.timeline((entry) => {
      const bytes = event("timeline", entry);
      for (const watcher of this.#watchers) watcher.entry(bytes);
    });
    void this.#ask();
  }

  #rest(): void {
    this.#stopAsking();
    this.#stopListening();
  }

  async #ask(): Promise<void> {
    const { clock, graph, intervalMs = 1000 } = this.#options;
    let bytes: Uint8Array | undefined;
    try {
      bytes = event("graph", await graph());
    } catch {
      // The observer restarts: the page shows how old what it has is.
    }
    for (const watcher of this.#watchers) watcher.graph(bytes);
    this.#stopAsking();
    if (this.#watchers.size > 0) this.#stopAsking = clock.after(intervalMs, () => void this.#ask());
  }
}

const comment = new TextEncoder().encode(":\n\n");

/** What waits for one browser. */
class Watcher {
  #graph: Uint8Array | undefined;
  /** What waits is one, and no comment. */
  #hasGraph = false;
  #entries: Uint8Array[] = [];
  // The headers leave with the first byte: without it a page would not know that it is connected.
  #greeting: Uint8Array | undefined = new TextEncoder().encode("retry: 1000\n\n");
  #closed = false;
  #wake: () => void = () => {};
  readonly #skipped: () => void;

  constructor(skipped: () => void) {
    this.#skipped = skipped;
  }

  /** Undefined when there is none: a comment keeps the connection known alive. */
  graph(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined && this.#hasGraph) this.#skipped();
    if (bytes !== undefined || this.#graph === undefined) this.#graph = bytes ?? comment;
    this.#hasGraph ||= bytes !== undefined;
    this.#wake();
  }

  entry(bytes: Uint8Array): void {
    this.#entries.push(bytes);
    if (this.#entries.length > maxEntries) {
      this.#entries.shift();
      this.#skipped();
    }
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** All that waits; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      const parts = [this.#greeting, ...this.#entries, this.#graph].filter((part) => part !== undefined);
      this.#greeting = undefined;
      this.#entries = [];
      this.#graph = undefined;
      this.#hasGraph = false;
      if (parts.length > 0) return Buffer.concat(parts);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function event(name: string, data: unknown): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
