import { untilEnded } from "../interruption.ts";
import type { RunHooks } from "../load/run.ts";
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
  /** Turns a second of the open loop; 0 while that is not known. */
  readonly rate: number;
  readonly warnings: readonly string[];
  /** What ended it before all rounds were measured. */
  readonly incomplete?: string;
}

/**
 * Fresh processes each round, one mode after the other, the order reversed every other round. What ends it early is told with
 * the rounds until then.
 */
export async function measureModes(
  options: CompareModesOptions,
  told: (line: string) => void,
): Promise<ModesMeasured> {
  const rounds: RoundValues[] = [];
  const crashes: { mode: Mode; values: CrashValues }[] = [];
  const warnings = new Set<string>();
  let rate = 0;
  const incomplete = await untilEnded(async (signal) => {
    await prepareStarts();
    if (options.parts.includes("load")) rate = options.rate ?? (await commonRate(options, told, { signal }));
    for (let round = 0; round < options.rounds; round++) {
      for (const mode of orderOf(contenders, round)) {
        signal.throwIfAborted();
        const { values, crash } = await measureRound(mode, options, { rate, round, signal, warnings });
        if (crash !== undefined) crashes.push({ mode, values: crash });
        rounds.push({ round, contender: mode, values });
        told(`round ${round + 1} of ${options.rounds}: ${mode} measured`);
      }
    }
  });
  const found = { rounds, crashes, rate, warnings: [...warnings] };
  return incomplete === undefined ? found : { ...found, incomplete };
}

async function measureRound(
  mode: Mode,
  options: CompareModesOptions,
  parts: {
    readonly rate: number;
    readonly round: number;
    readonly signal: AbortSignal;
    readonly warnings: Set<string>;
  },
): Promise<{ readonly values: Record<string, number>; readonly crash?: CrashValues }> {
  const { rate, round, signal, warnings } = parts;
  const subject = await Subject.start(mode, options);
  try {
    if (options.parts.includes("crash")) subject.needs("crash", options.crash);
    if (options.parts.includes("scale")) subject.needs("scale", options.scale.service);
    const values: Record<string, number> = {};
    const seed = options.seed + round;
    if (options.parts.includes("load")) {
      const found = await measureLoad(subject, options, rate, seed, { signal });
      Object.assign(values, found);
      if (found.failedShare > 0.01) warnings.add(`over 1 % of the requests to the ${mode} failed`);
    }
    if (options.parts.includes("scale")) {
      Object.assign(values, await measureScale(subject, options, { signal }));
    }
    if (!options.parts.includes("crash")) return { values };
    // Last: nothing is as it was afterwards.
    const crash = await measureCrash(subject, options, seed, { signal });
    const { routes: _, ...figures } = crash;
    return { values: { ...values, ...figures }, crash };
  } finally {
    await subject.stop();
  }
}

/** Also has both modes read from disk once, so that no round is the first. */
async function commonRate(
  options: CompareModesOptions,
  told: (line: string) => void,
  hooks: RunHooks,
): Promise<number> {
  const turns: number[] = [];
  for (const mode of contenders) {
    const subject = await Subject.start(mode, options);
    try {
      turns.push(turnsPerSecond(await closedLoop(subject.url, options, hooks)));
    } finally {
      await subject.stop();
    }
  }
  const rate = Math.max(1, Math.round(Math.min(...turns) * openLoopShare));
  told(`${turns.map(Math.round).join(" and ")} turns a second in a closed loop; the open one gets ${rate}`);
  return rate;
}
