const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const durationExamples = "250ms, 30s, 1m, 2h or 7d";

/** Milliseconds of `250ms`, `1.5s`, `30s`, `1m`, `2h`, `7d`, to the nearest whole one; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (!match) return undefined;
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The shortest exact spelling in one unit: 90000 → `90s`, 60000 → `1m`, 0 → `0ms`. */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    if (ms >= unitMs[unit] && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return `${ms}ms`;
}

const spelledUnits: readonly (readonly [RegExp, keyof typeof unitMs])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/, "ms"],
  [/^(s|secs?|seconds?)$/, "s"],
  [/^(m|mins?|minutes?)$/, "m"],
  [/^(h|hrs?|hours?)$/, "h"],
  [/^(d|days?)$/, "d"],
];

/** What someone who wrote `2 seconds` or a bare 500 most likely meant; undefined when that is anyone's guess. */
export function suggestDuration(value: unknown): string | undefined {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0 ? formatDuration(value) : undefined;
  }
  if (typeof value !== "string") return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(value);
  const unit = match && spelledUnits.find(([spelling]) => spelling.test(match[2]!.toLowerCase()));
  return unit ? `${match[1]}${unit[1]}` : undefined;
}
