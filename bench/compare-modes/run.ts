import { type Measure, orderOf, type RoundValues } from "../paired/comparison.ts";
import { prepareStarts } from "../topology/boot.ts";
import { type CrashValues, measureCrash } from "./crash-part.ts";
import { closedLoop, measureLoad, turnsPerSecond } from "./load-part.ts";
import { type CompareModesOptions, contenders, type Mode } from "./options.ts";
import { measureScale } from "./scale-part.ts";
import { Subject } from "./subject.ts";

/** The open loop's share of what the slower mode can do: both are busy, and neither is drowned. */
const openLoopShare = 0.5;

export const loadMeasures: readonly Measure[] = [
  { key: "perSecond", label: "throughput", unit: "perSecond", better: "more" },
  { key: "p50Ms", label: "p50", unit: "ms", better: "less" },
  { key: "p99Ms", label: "p99", unit: "ms", better: "less" },
  { key: "p999Ms", label: "p99.9", unit: "ms", better: "less" },
  { key: "cpuMsPerRequest", label: "CPU of a request", unit: "ms", better: "less" },
  { key: "idleBytes", label: "memory, idle", unit: "bytes", better: "less" },
  { key: "loadedBytes", label: "memory, under load", unit: "bytes", better: "less" },
  { key: "startMs", label: "start to the first 200", unit: "ms", better: "less" },
];
export const crashMeasures: readonly Measure[] = [
  { key: "failed", label: "failed requests", unit: "count", better: "less", by: "difference" },
  { key: "routesHit", label: "routes hit", unit: "count", better: "less", by: "difference" },
  { key: "downMs", label: "crash to the last failure", unit: "ms", better: "less", by: "difference" },
];
export const scaleMeasures: readonly Measure[] = [
  { key: "onePerSecond", label: "throughput with one instance", unit: "perSecond", better: "more" },
  { key: "manyPerSecond", label: "throughput with several", unit: "perSecond", better: "more" },
  { key: "gain", label: "what scaling brings", unit: "times", better: "more" },
];

export interface ModesMeasured {
  readonly rounds: readonly RoundValues[];
  readonly crashes: readonly { readonly mode: Mode; readonly values: CrashValues }[];
  /** Turns a second of the open loop. */
  readonly rate: number;
  readonly warnings: readonly string[];
}

/** Fresh processes each round, one mode after the other, the order reversed every other round. */
export async function measureModes(
  options: CompareModesOptions,
  told: (line: string) => void,
): Promise<ModesMeasured> {
  await prepareStarts();
  const rate = options.parts.includes("load") ? (options.rate ?? (await commonRate(options, told))) : 0;
  const rounds: RoundValues[] = [];
  const crashes: { mode: Mode; values: CrashValues }[] = [];
  const warnings = new Set<string>();
  for (let round = 0; round < options.rounds; round++) {
    for (const mode of orderOf(contenders, round)) {
      const subject = await Subject.start(mode, options);
      try {
        if (options.parts.includes("crash")) subject.needs("crash", options.crash);
        if (options.parts.includes("scale")) subject.needs("scale", options.scale.service);
        const values: Record<string, number> = {};
        const seed = options.seed + round;
        if (options.parts.includes("load")) {
          const found = await measureLoad(subject, options, rate, seed);
          Object.assign(values, found);
          if (found.failedShare > 0.01) warnings.add(`over 1 % of the requests to the ${mode} failed`);
        }
        if (options.parts.includes("scale")) Object.assign(values, await measureScale(subject, options));
        // Last: nothing is as it was afterwards.
        if (options.parts.includes("crash")) {
          const { routes, ...figures } = await measureCrash(subject, options, seed);
          Object.assign(values, figures);
          crashes.push({ mode, values: { routes, ...figures } });
        }
        rounds.push({ round, contender: mode, values });
        told(`round ${round + 1} of ${options.rounds}: ${mode} measured`);
      } finally {
        await subject.stop();
      }
    }
  }
  return { rounds, crashes, rate, warnings: [...warnings] };
}

/** Also has both modes read from disk once, so that no round is the first. */
async function commonRate(options: CompareModesOptions, told: (line: string) => void): Promise<number> {
  const turns: number[] = [];
  for (const mode of contenders) {
    const subject = await Subject.start(mode, options);
    try {
      turns.push(turnsPerSecond(await closedLoop(subject.url, options, options.measureMs)));
    } finally {
      await subject.stop();
    }
  }
  const rate = Math.max(1, Math.round(Math.min(...turns) * openLoopShare));
  told(`${turns.map(Math.round).join(" and ")} turns a second in a closed loop; the open one gets ${rate}`);
  return rate;
}
