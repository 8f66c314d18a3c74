import type { SpanRecord } from "../model.ts";
import type { Tally } from "./tally.ts";

/** Traces remembered as asked for, and as many as not asked for: the ring of a worker holds no older ones. */
const maxRemembered = 20_000;
/** Ids in one request; a worker takes 2048. */
const maxPerRequest = 500;

/**
 * Decides after the fact: a worker sends a failed or slow span of an unsampled trace by itself, and this asks all workers
 * for the rest of that trace. Once a trace, and at a bounded rate: when everything fails, a few hundred traces a second
 * show it as well as all of them. A trace is decided on once: with what failed in it later it is asked for or counted no
 * second time.
 */
export class TailDecision {
  readonly #slowMs: number;
  readonly #perSecond: number;
  readonly #tally: Tally;
  /** In the order they were asked for. */
  readonly #asked = new Set<string>();
  /** Beyond the rate, each counted once. */
  readonly #refused = new Set<string>();
  #wanted: string[] = [];
  #tokens: number;
  #filledAt = Number.NEGATIVE_INFINITY;

  constructor(options: { readonly slowMs: number; readonly perSecond: number; readonly tally: Tally }) {
    this.#slowMs = options.slowMs;
    this.#perSecond = options.perSecond;
    this.#tally = options.tally;
    this.#tokens = options.perSecond;
  }

  look(span: SpanRecord, now: number): void {
    if (span.status !== "error" && span.durationMs < this.#slowMs) return;
    if (this.#asked.has(span.traceId) || this.#refused.has(span.traceId)) return;
    this.#refill(now);
    if (this.#tokens < 1) {
      this.#tally.count("uncollected");
      remember(this.#refused, span.traceId);
      return;
    }
    this.#tokens--;
    remember(this.#asked, span.traceId);
    this.#wanted.push(span.traceId);
  }

  /** What to ask for now, in requests of a bounded size. */
  take(): string[][] {
    const wanted = this.#wanted;
    this.#wanted = [];
    const requests: string[][] = [];
    for (let at = 0; at < wanted.length; at += maxPerRequest)
      requests.push(wanted.slice(at, at + maxPerRequest));
    return requests;
  }

  #refill(now: number): void {
    const passed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (passed * this.#perSecond) / 1000);
  }
}

function remember(traceIds: Set<string>, traceId: string): void {
  traceIds.add(traceId);
  for (const oldest of traceIds) {
    if (traceIds.size <= maxRemembered) break;
    traceIds.delete(oldest);
  }
}
