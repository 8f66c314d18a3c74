import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../runtime/clock.ts";
import { diffRuns } from "./diff.ts";
import { runOf } from "./fixture.ts";
import { diffText } from "./terminal.ts";

/** Exponential latencies around `meanMs`, and a throughput that wavers by a tenth. */
function noisy(meanMs: number, perSecond: number, seed: number) {
  const random = seededRandom(seed);
  return runOf(20, () => {
    const count = Math.round(perSecond * (0.95 + random() / 10));
    return Array.from({ length: count }, () => -Math.log(1 - random()) * meanMs);
  });
}

const rowsOf = (first: ReturnType<typeof noisy>, second: ReturnType<typeof noisy>) =>
  new Map(diffRuns(first, second, seededRandom(1)).map((row) => [row.metric, row]));

describe("a comparison of two runs", () => {
  test("of the same kind tells no difference", () => {
    for (let seed = 1; seed <= 3; seed++) {
      const rows = rowsOf(noisy(10, 500, seed), noisy(10, 500, seed + 100));
      const told = [...rows.values()].filter((row) => row.verdict !== "same");
      // Six intervals of 95 % each; one of them may miss.
      expect(told.length).toBeLessThanOrEqual(1);
    }
  });

  test("tells slower answers as worse, and more of them as better", () => {
    const rows = rowsOf(noisy(10, 500, 1), noisy(15, 900, 2));
    expect(rows.get("p50Ms")!.verdict).toBe("worse");
    expect(rows.get("p99Ms")!.verdict).toBe("worse");
    expect(rows.get("perSecond")!.verdict).toBe("better");
    expect(rows.get("failedShare")).toMatchObject({ difference: 0, verdict: "same" });
    // The median of an exponential is its mean times ln 2.
    expect(rows.get("p50Ms")!.first).toBeWithin(0.95 * 10 * Math.LN2, 1.05 * 10 * Math.LN2);
    expect(rows.get("p50Ms")!.difference).toBeWithin(0.8 * 5 * Math.LN2, 1.2 * 5 * Math.LN2);
  });

  test("is the other way round when the runs are", () => {
    const [a, b] = [noisy(10, 500, 1), noisy(15, 900, 2)];
    expect(rowsOf(b, a).get("p99Ms")!.difference).toBeCloseTo(-rowsOf(a, b).get("p99Ms")!.difference, 9);
    expect(rowsOf(b, a).get("p99Ms")!.verdict).toBe("better");
  });

  test("needs some seconds to resample", () => {
    expect(() =>
      diffRuns(
        runOf(3, () => [1]),
        noisy(1, 10, 1),
      ),
    ).toThrow("5 s are the least");
  });

  test("holds with seconds without answers", () => {
    const rows = rowsOf(
      runOf(6, () => []),
      runOf(6, () => []),
    );
    expect(rows.get("p99Ms")!.verdict).toBe("same");
    expect(diffText([...rows.values()])).toContain("–");
  });
});
