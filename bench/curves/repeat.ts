/**
 * Milliseconds of one run of `work`: the lower quartile of `times`, after a tenth as many unmeasured ones. What else a machine
 * and its disk do lengthens single runs and shortens none.
 */
export async function quartileOf(times: number, work: () => Promise<void>): Promise<number> {
  for (let i = 0; i < times / 10; i++) await work();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await work();
    found.push(performance.now() - began);
  }
  return lowerQuartile(found);
}

export function lowerQuartile(values: readonly number[]): number {
  if (values.length === 0) throw new Error("lowerQuartile: no values");
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)]!;
}
