import { z } from "zod";
import {
  durationExamples,
  durationPattern,
  formatDuration,
  parseDuration,
  suggestDuration,
} from "./duration.ts";
import type { IssueCode } from "./issue.ts";
import { formatSize, parseSize, sizeExamples, sizePattern, suggestSize } from "./size.ts";

/** What a custom zod issue of this schema carries, for the message made from it. */
export interface ScalarFault {
  readonly fault: IssueCode;
  readonly expected: string;
  readonly suggestion?: string | undefined;
}

/** setTimeout takes 31 bits of milliseconds; a longer one would fire at once. */
export const longestTimerMs = 24 * 86_400_000;
const longestMs = 3650 * 86_400_000;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A duration in YAML, milliseconds once parsed. The default range is what a timer can hold, without zero. */
export function duration({ min = 1, max = longestTimerMs }: Range = {}) {
  return scalar({
    fault: "bad-duration",
    parse: parseDuration,
    format: formatDuration,
    suggest: suggestDuration,
    expected: `a duration such as ${durationExamples}`,
    pattern: durationPattern.source,
    examples: ["250ms", "30s", "1m", "2h", "7d"],
    min,
    max,
  });
}

/** For what is compared with the clock and never handed to a timer. */
export function longDuration(min = 0) {
  return duration({ min, max: longestMs });
}

/** A size in YAML, bytes once parsed. */
export function size({ min = 1, max = 1024 ** 4 }: Range = {}) {
  return scalar({
    fault: "bad-size",
    parse: parseSize,
    format: formatSize,
    suggest: suggestSize,
    expected: `a size such as ${sizeExamples}`,
    pattern: sizePattern.source,
    examples: ["64KiB", "10MiB", "1GiB"],
    min,
    max,
  });
}

interface ScalarKind {
  readonly fault: IssueCode;
  readonly parse: (text: string) => number | undefined;
  readonly format: (value: number) => string;
  readonly suggest: (value: unknown) => string | undefined;
  readonly expected: string;
  readonly pattern: string;
  readonly examples: string[];
  readonly min: number;
  readonly max: number;
}

function scalar(kind: ScalarKind) {
  // z.unknown, so that a bare number meets the check below and gets its unit suggested.
  return z
    .unknown()
    .meta({ type: "string", pattern: kind.pattern, examples: kind.examples })
    .transform((input, context): number => {
      const value = typeof input === "string" ? kind.parse(input) : undefined;
      if (value !== undefined && value >= kind.min && value <= kind.max) return value;
      const params: ScalarFault =
        value === undefined
          ? { fault: kind.fault, expected: kind.expected, suggestion: kind.suggest(input) }
          : {
              fault: "out-of-range",
              expected: `at least ${kind.format(kind.min)} and at most ${kind.format(kind.max)}`,
            };
      context.issues.push({ code: "custom", input, params: { ...params } });
      return z.NEVER;
    });
}

/** Names become file names, host-like addresses and identifiers in URLs; hence the narrow alphabet. */
export const namePattern = /^[a-z][a-z0-9-]*$/;
export const longestName = 40;
export const topicPattern = /^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$/;
export const longestTopic = 100;
/** The built-in workers' names. */
export const reservedNames: readonly string[] = ["gateway", "broker", "observer", "supervisor"];
