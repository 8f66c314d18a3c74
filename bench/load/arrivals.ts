import type { Random } from "../../runtime/clock.ts";

/** A stretch of time over which the rate goes in a straight line. Rates in arrivals a second. */
export interface Segment {
  readonly fromRate: number;
  readonly toRate: number;
  /** Milliseconds; infinite only for the last segment, and then with a constant rate. */
  readonly durationMs: number;
}

/**
 * When requests are due, whatever the answers do: the open loop (Schroeder, Wierman, Harchol-Balter: "Open Versus
 * Closed: A Cautionary Tale", NSDI 2006).
 */
export type Arrivals =
  | { readonly kind: "constant" | "poisson"; readonly rate: number }
  /** A straight line from one rate to the other, which then stays. */
  | { readonly kind: "ramp"; readonly from: number; readonly to: number; readonly overMs: number }
  /** Each rate for `everyMs`; the last stays. */
  | { readonly kind: "step"; readonly rates: readonly number[]; readonly everyMs: number }
  /** `rate`, but `peak` from `atMs` on for `forMs`. */
  | {
      readonly kind: "spike";
      readonly rate: number;
      readonly peak: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  /** Recorded times in milliseconds, rising from 0; ends with the last. */
  | { readonly kind: "trace"; readonly timesMs: readonly number[] };

/** Due times in milliseconds from 0, never falling. May be endless. Throws on rates and times that mean nothing. */
export function arrivalTimes(arrivals: Arrivals, random: Random): Generator<number, void> {
  if (arrivals.kind === "trace") return replay(arrivals.timesMs);
  const segments = segmentsOf(arrivals);
  for (const { fromRate, toRate, durationMs } of segments) {
    if (!(fromRate >= 0 && toRate >= 0 && durationMs >= 0) || fromRate + toRate === Number.POSITIVE_INFINITY)
      throw new Error(`arrivals: ${arrivals.kind} takes rates and durations of 0 and more`);
  }
  // Evenly spaced ones begin at once, random ones with a gap.
  if (arrivals.kind !== "poisson") return along(segments, () => 1, 0);
  const gap = () => -Math.log(1 - random());
  return along(segments, gap, gap());
}

export function segmentsOf(arrivals: Exclude<Arrivals, { kind: "trace" }>): Segment[] {
  const flat = (rate: number, durationMs = Number.POSITIVE_INFINITY): Segment => ({
    fromRate: rate,
    toRate: rate,
    durationMs,
  });
  switch (arrivals.kind) {
    case "constant":
    case "poisson":
      return [flat(arrivals.rate)];
    case "ramp":
      return [
        { fromRate: arrivals.from, toRate: arrivals.to, durationMs: arrivals.overMs },
        flat(arrivals.to),
      ];
    case "step": {
      const last = arrivals.rates.length - 1;
      return arrivals.rates.map((rate, i) => flat(rate, i === last ? undefined : arrivals.everyMs));
    }
    case "spike":
      return [flat(arrivals.rate, arrivals.atMs), flat(arrivals.peak, arrivals.forMs), flat(arrivals.rate)];
  }
}

/** Arrivals a second that are due at `atMs`; of a trace, its mean. */
export function rateAt(arrivals: Arrivals, atMs: number): number {
  if (arrivals.kind === "trace") {
    const span = arrivals.timesMs.at(-1) ?? 0;
    return span === 0 ? 0 : (arrivals.timesMs.length / span) * 1000;
  }
  let from = 0;
  for (const { fromRate, toRate, durationMs } of segmentsOf(arrivals)) {
    if (atMs < from + durationMs) {
      return durationMs === Number.POSITIVE_INFINITY
        ? toRate
        : fromRate + (toRate - fromRate) * ((atMs - from) / durationMs);
    }
    from += durationMs;
  }
  return 0;
}

/** Arrivals from 0 to before `untilMs`, on average where they are random. */
export function expectedArrivals(arrivals: Arrivals, untilMs: number): number {
  if (arrivals.kind === "trace") return arrivals.timesMs.filter((time) => time < untilMs).length;
  let [from, count] = [0, 0];
  for (const { fromRate, toRate, durationMs } of segmentsOf(arrivals)) {
    const lastedMs = Math.min(durationMs, untilMs - from);
    if (lastedMs <= 0) break;
    const endRate =
      durationMs === Number.POSITIVE_INFINITY
        ? toRate
        : fromRate + ((toRate - fromRate) * lastedMs) / durationMs;
    count += ((fromRate + endRate) / 2) * (lastedMs / 1000);
    from += durationMs;
  }
  return Math.ceil(count);
}

/**
 * Walks the rate function and yields where its integral has grown by the next `gap`: gaps of 1 are even spacing, and
 * exponential ones a Poisson process of that rate (time rescaling; Lewis & Shedler 1976, Çinlar 1975).
 */
function* along(segments: readonly Segment[], gap: () => number, first: number): Generator<number, void> {
  let startMs = 0;
  let needed = first;
  for (const { fromRate, toRate, durationMs } of segments) {
    const perMs = fromRate / 1000;
    const slope = durationMs === Number.POSITIVE_INFINITY ? 0 : (toRate - fromRate) / 1000 / durationMs;
    const total = perMs * durationMs + (slope === 0 ? 0 : (slope * durationMs * durationMs) / 2);
    // `owed` counts from the segment's start, so that rounding does not add up over a long run.
    let owed = needed;
    while (owed < total) {
      // Solves perMs·t + slope·t²/2 = owed, in the form that loses no digits when the slope is small.
      const inside = Math.sqrt(Math.max(0, perMs * perMs + 2 * slope * owed));
      yield startMs + (owed === 0 ? 0 : (2 * owed) / (perMs + inside));
      owed += gap();
    }
    needed = owed - total;
    startMs += durationMs;
  }
}

function* replay(timesMs: readonly number[]): Generator<number, void> {
  yield* timesMs;
}

/** Every `of`-th time, beginning with number `index`: the share of one of several generators. */
export function* shareOf(
  times: Iterable<number>,
  share: { readonly index: number; readonly of: number },
): Generator<number, void> {
  let number = 0;
  for (const time of times) if (number++ % share.of === share.index) yield time;
}

/**
 * Times of a recorded trace, from 0: one a line, either seconds (`1712.25`, Unix times too) or an ISO 8601 date, at the
 * beginning of the line; what follows a space, comma or tab is left out, as are empty lines and those that begin with #.
 * Throws naming the line.
 */
export function parseTrace(text: string): number[] {
  const times: number[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const word = /^\s*([^\s,]+)/.exec(line)?.[1];
    if (word === undefined || word.startsWith("#")) continue;
    const ms = /^\d+(\.\d+)?$/.test(word) ? Number(word) * 1000 : Date.parse(word);
    if (Number.isNaN(ms)) throw new Error(`line ${i + 1}: "${word}" is neither seconds nor an ISO date`);
    times.push(ms);
  }
  if (times.length === 0) throw new Error("the trace has no times");
  times.sort((a, b) => a - b);
  const first = times[0] as number;
  return times.map((time) => time - first);
}
