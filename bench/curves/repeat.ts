import { spread } from "../measure.ts";

/** Milliseconds of one run of `work`, the median of `times` after a tenth as many unmeasured ones. */
export async function medianOf(times: number, work: () => Promise<void>): Promise<number> {
  for (let i = 0; i < times / 10; i++) await work();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await work();
    found.push(performance.now() - began);
  }
  return spread(found).median;
}
