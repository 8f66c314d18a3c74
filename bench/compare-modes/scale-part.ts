import type { RunHooks } from "../load/run.ts";
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
export async function measureScale(
  subject: Subject,
  options: CompareModesOptions,
  hooks: RunHooks,
): Promise<ScaleValues> {
  const { service, instances, path } = options.scale;
  const measure = async (count: number) => {
    await subject.scale(service, count);
    const loop = { kind: "closed", clients: options.clients, thinkMs: 0 } as const;
    const { measureMs, seed } = options;
    const found = await load({ url: subject.url + path, loop, measureMs: measureMs / 2, seed }, hooks);
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
