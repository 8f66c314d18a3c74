import { expect, test } from "bun:test";
import { bucketMs, reportWindow } from "./report-window.ts";

/** When a worker with this place in the second reports, and from when on its report tells. */
const reportsOf = (phaseMs: number) =>
  Array.from({ length: 30 }, (_, i) => ({ after: i * bucketMs + phaseMs, at: (i + 1) * bucketMs + phaseMs }));

const places = Array.from({ length: 20 }, (_, i) => i * 50);

test("of a long measurement, whatever the places in the second, each report lies within it", () => {
  for (const start of places) {
    const [fromMs, toMs] = [10_000 + start, 14_000 + start];
    const window = reportWindow(fromMs, toMs);
    for (const phase of places) {
      const taken = reportsOf(phase).filter(({ at }) => at >= window.from && at < window.to);
      expect(taken.length).toBeGreaterThanOrEqual(2);
      for (const { after, at } of taken) {
        expect(after).toBeGreaterThanOrEqual(fromMs);
        expect(at).toBeLessThanOrEqual(toMs);
      }
    }
    expect(window).toMatchObject({ rateFactor: 1, gauge: "mean" });
  }
});

test("of a short one, all reports that tell of it are there, and rates are those of its own time", () => {
  for (const start of places) {
    const [fromMs, toMs] = [10_000 + start, 11_200 + start];
    const window = reportWindow(fromMs, toMs);
    for (const phase of places) {
      for (const { after, at } of reportsOf(phase).filter((each) => each.at > fromMs && each.after < toMs)) {
        expect([after, at >= window.from && at < window.to]).toEqual([after, true]);
      }
      const gauges = reportsOf(phase).filter(({ at }) => at >= window.gaugeFrom && at < window.to);
      // What a start took half a second before is in none, and at least half of one tells of the measurement.
      for (const { at } of gauges) expect(at).toBeGreaterThanOrEqual(fromMs);
      expect(
        Math.max(...gauges.map(({ after, at }) => Math.min(at, toMs) - Math.max(after, fromMs))),
      ).toBeGreaterThanOrEqual(bucketMs / 4);
    }
    // 120 requests in it, as the observer tells their rate over the window.
    const told = (120 * 1000) / (window.to - window.from);
    expect(told * window.rateFactor).toBeCloseTo(100);
    expect(window.gauge).toBe("max");
  }
});
