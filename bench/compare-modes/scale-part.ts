import type { CompareModesOptions } from "./options.ts";
import { load } from "./load-part.ts";
import type { Subject } from "./subject.ts";

export interface ScaleValues {
  readonly onePerSecond: number;
  readonly manyPerSecond: number;
  /** What the further instances bring: many over one. */
  readonly gain: number;
}

/** Throughput of one service's route with one instance and with several, in the order one, many, many, one. */
export async function measureScale(subject: Subject, options: CompareModesOptions): Promise<ScaleValues> {
  const { service, instances, path } = options.scale;
  const measure = async (count: number) => {
    await subject.scale(service, count);
    const loop = { kind: "closed", clients: options.clients, thinkMs: 0 } as const;
    const found = await load(subject.url + path, undefined, loop, options.measureMs / 2, options.seed);
    return found.perSecond;
  };
  const [a, b, c, d] = [
    await measure(1),
    await measure(instances),
    await measure(instances),
    await measure(1),
  ];
  const [one, many] = [(a + d) / 2, (b + c) / 2];
  return { onePerSecond: one, manyPerSecond: many, gain: many / one };
}
