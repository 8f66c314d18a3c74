import type { CurvePoint, Figures } from "./curve.ts";

const turns = 3;

/**
 * Measures each size several times, up and down the sizes, and keeps the lowest of each figure: what else a machine does adds to
 * a cost and never takes from it, and it comes in spells longer than one measurement.
 */
export async function lowestOfTurns(
  sizes: readonly number[],
  measure: (size: number) => Promise<Figures>,
): Promise<CurvePoint[]> {
  const lowest = new Map<number, Record<string, number>>(sizes.map((size) => [size, {}]));
  for (let turn = 0; turn < turns; turn++) {
    for (const size of turn % 2 === 0 ? sizes : sizes.toReversed()) {
      const kept = lowest.get(size)!;
      for (const [figure, value] of Object.entries(await measure(size))) {
        kept[figure] = Math.min(value, kept[figure] ?? Number.POSITIVE_INFINITY);
      }
    }
  }
  return [...lowest].map(([x, figures]) => ({ x, figures }));
}
