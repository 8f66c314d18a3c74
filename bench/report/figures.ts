import { LatencyHistogram } from "../load/histogram.ts";

/** The percentiles that every summary shows. */
export const shownPercentiles = [50, 75, 90, 99, 99.9, 99.99, 100] as const;

export function percentileName(percentile: number): string {
  return percentile === 100 ? "max" : `p${percentile}`;
}

/** `0.142 ms`, `1.27 s`, `–` when there is none: three digits, as many as the histogram holds. */
export function latency(ms: number): string {
  if (Number.isNaN(ms)) return "–";
  if (ms === 0) return "0 ms";
  return ms >= 1000 ? `${(ms / 1000).toPrecision(3)} s` : `${Number(ms.toPrecision(3))} ms`;
}

/** `1 round`, `3 rounds`. */
export function counted(count: number, singular: string): string {
  return `${whole(count)} ${singular}${count === 1 ? "" : "s"}`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Whole from ten on; below, one digit after the point. */
export function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? String(Number(perSecond.toFixed(1))) : whole(perSecond);
}

export function percent(share: number): string {
  if (share === 0) return "0 %";
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** The distribution as a curve over "nines": x is −log10 of the share above, so that 90, 99, 99.9 % are 1, 2, 3. */
export function percentileCurve(encoded: string): [nines: number, ms: number][] {
  const histogram = LatencyHistogram.decode(encoded);
  const points: [number, number][] = [];
  let below = 0;
  for (const [micros, count] of histogram.buckets()) {
    below += count;
    const share = below / histogram.count;
    // The last value has nothing above it; it stands where one more sample would.
    const nines = share < 1 ? -Math.log10(1 - share) : Math.log10(histogram.count + 1);
    points.push([nines, micros / 1000]);
  }
  return thin(points);
}

const maxPoints = 400;

/** No more points than a chart can show; the ends stay. */
function thin(points: [number, number][]): [number, number][] {
  if (points.length <= maxPoints) return points;
  const span = points.at(-1)![0] - points[0]![0];
  const gap = span / maxPoints;
  let last = Number.NEGATIVE_INFINITY;
  return points.filter(([x], i) => {
    if (x - last < gap && i !== points.length - 1) return false;
    last = x;
    return true;
  });
}
