import { wordsOf } from "../load/describe.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { LoadResult } from "../load/result.ts";
import { latency, rate, whole } from "./figures.ts";

export function levelHead({ plan }: LoadResult): string[] {
  return ["rate", "from", "until", "begun", wordsOf(plan).replies, "failed", "p50", "p99", "max"];
}

/** A line for each rate of a load in steps; of any other load none. */
export function levelRows({ levels = [] }: LoadResult): string[][] {
  return levels.map((level) => {
    const corrected = LatencyHistogram.decode(level.corrected);
    return [
      `${rate(level.rate)}/s`,
      `${Number((level.fromMs / 1000).toFixed(1))} s`,
      `${Number((level.untilMs / 1000).toFixed(1))} s`,
      whole(level.begun),
      whole(level.replied),
      whole(level.failed + level.bad),
      ...[50, 99, 100].map((percentile) => latency(corrected.percentileMs(percentile))),
    ];
  });
}
