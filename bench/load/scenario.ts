/** What a load run does when it is more than one request over and over: written as TypeScript, run by `session.ts`. */
import type { Random } from "../../runtime/clock.ts";

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, with its content type. */
  readonly json?: unknown;
  readonly body?: string;
  /** Any other status counts as bad. Default: below 400. */
  readonly expect?: number | readonly number[];
}

export interface Reply {
  readonly status: number;
  /** The status was the expected one. */
  readonly ok: boolean;
  header(name: string): string | undefined;
  text(): string;
  /** Throws on what is not JSON. */
  json<T>(): T;
}

/** One visitor's turn: its requests go one after the other, each timed under the name of its step. */
export interface Session {
  readonly random: Random;
  /** Rejects when there is no answer at all; the failure is counted, and the turn ends. */
  request(step: string, method: string, path: string, options?: RequestOptions): Promise<Reply>;
  get(step: string, path: string, options?: RequestOptions): Promise<Reply>;
  post(step: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Counts whether something held, and returns it. */
  check(name: string, held: boolean): boolean;
  /** Waits between both, uniformly. Part of no latency. */
  think(minMs: number, maxMs: number): Promise<void>;
}

export interface Flow<Data> {
  readonly name: string;
  /** Chosen this often in relation to the others. */
  readonly weight: number;
  run(session: Session, data: Data): Promise<void>;
}

/** A bound on a figure; a run that breaks one ends with an exit code other than 0. */
export interface Threshold {
  readonly metric:
    | "p50Ms"
    | "p90Ms"
    | "p99Ms"
    | "p999Ms"
    | "maxMs"
    | "failedShare"
    | "checkedShare"
    | "perSecond";
  /** Of this step only. Default: all requests. */
  readonly step?: string;
  readonly max?: number;
  readonly min?: number;
}

export interface Scenario<Data = unknown> {
  readonly name: string;
  readonly description: string;
  /** Once in each generator process, before anything is measured: what the turns share. */
  setup?(session: Session): Promise<Data>;
  readonly flows: readonly Flow<Data>[];
  readonly thresholds?: readonly Threshold[];
}

/** Throws on a scenario that could do nothing. */
export function defineScenario<Data>(scenario: Scenario<Data>): Scenario<Data> {
  if (scenario.flows.length === 0) throw new Error(`scenario ${scenario.name} has no flows`);
  for (const { name, weight } of scenario.flows) {
    if (!(weight > 0))
      throw new Error(`scenario ${scenario.name}, flow ${name}: weight is ${weight}, not above 0`);
  }
  return scenario;
}

/** A feeder gives the next value for a turn. */
export type Feeder<T> = (random: Random) => T;

/** One after the other, and again from the first. */
export function inTurn<T>(items: readonly T[]): Feeder<T> {
  let next = 0;
  return () => some(items, next++ % items.length);
}

export function uniform<T>(items: readonly T[]): Feeder<T> {
  return (random) => some(items, Math.floor(random() * items.length));
}

/**
 * Few items often, most seldom, as visitors choose products: item k with a probability proportional to 1/k^exponent
 * (Zipf 1949; 0.8 to 1 fit web requests: Breslau et al., INFOCOM 1999).
 */
export function zipf<T>(items: readonly T[], exponent = 0.9): Feeder<T> {
  const cumulative: number[] = [];
  let total = 0;
  for (let k = 1; k <= items.length; k++) {
    total += 1 / k ** exponent;
    cumulative.push(total);
  }
  return (random) => {
    const wanted = random() * total;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return some(items, low);
  };
}

function some<T>(items: readonly T[], at: number): T {
  if (items.length === 0) throw new Error("a feeder has no items");
  return items[at] as T;
}
