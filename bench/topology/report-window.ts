/** The finest buckets that the observer has, and how often a worker that does something reports. */
export const bucketMs = 1000;
/** Fewer whole reports than this are a matter of luck. */
const fewBuckets = 2;
/** A worker that has just woken reports for the first time after one and a half seconds at the latest. */
const firstReportMs = 1500;
/** The observer takes reports in once in this time. */
const intakeMs = 1000;

/** Which reports of the workers tell of a measurement, and how what they say becomes figures. */
export interface ReportWindow {
  /** Whole buckets, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** What counts in it are a second, is to be multiplied by this. */
  readonly rateFactor: number;
  /** Of what a gauge said, and from when on. */
  readonly gauge: "mean" | "max";
  readonly gaugeFrom: number;
  /** Before this not all of it is with the observer. */
  readonly readAt: number;
}

/**
 * A report tells of the second before it, and each worker has its own place in the second. Reports that lie wholly
 * within a measurement are taken where there are some. A short measurement has none: then it is all that came of it,
 * spread over its own time, and of gauges the highest, because the others tell of a time before or after it as well;
 * without those of the second in which it began, which tell most of what was before it, such as the start of an instance.
 */
export function reportWindow(fromMs: number, toMs: number): ReportWindow {
  const from = Math.ceil(fromMs / bucketMs) * bucketMs + bucketMs;
  const to = Math.floor(toMs / bucketMs) * bucketMs;
  if (to - from >= fewBuckets * bucketMs) {
    return { from, to, rateFactor: 1, gauge: "mean", gaugeFrom: from, readAt: to + intakeMs };
  }
  const first = Math.floor(fromMs / bucketMs) * bucketMs;
  const last = Math.ceil((toMs + firstReportMs) / bucketMs) * bucketMs;
  return {
    ...{ from: first, to: last, gauge: "max", gaugeFrom: Math.ceil(fromMs / bucketMs) * bucketMs },
    rateFactor: (last - first) / Math.max(1, toMs - fromMs),
    readAt: toMs + firstReportMs + intakeMs,
  };
}
