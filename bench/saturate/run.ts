import { untilEnded } from "../interruption.ts";
import { readEnvironment } from "../report/environment.ts";
import type { ReportFrame } from "../report/page.ts";
import { type TargetReport, TargetWatch } from "../topology/watch.ts";
import { type CurvePoint, curveOf, kneeOf } from "./knee.ts";
import {
  checkScalable,
  measureScaling,
  type ReplicaPoint,
  type ScaleOptions,
  type Scaling,
  scalingOf,
} from "./replicas.ts";
import { findHighestRate, type SearchResult } from "./search.ts";
import { type Trial, type TrialOptions, Trials } from "./trials.ts";
import { fitUsl, type UslFit, type UslPoint } from "./usl.ts";

export interface SaturateOptions extends TrialOptions {
  readonly startRate: number;
  readonly maxRate: number;
  readonly precision: number;
  /** Evenly spaced rates below the edge that are measured for the curve; 0: only those that the search tried. */
  readonly curvePoints: number;
  /** Closed-loop sizes for the scalability law over clients; none: no fit. */
  readonly clients: readonly number[];
  readonly scale?: ScaleOptions;
}

export interface SaturationReport extends ReportFrame {
  readonly format: "microcosm-saturation-report";
  readonly version: 2;
  readonly options: SaturateOptions;
  readonly result: SearchResult;
  /** In the order in which they were run. */
  readonly trials: readonly Trial[];
  readonly curve: readonly CurvePoint[];
  readonly knee?: CurvePoint;
  readonly closed: readonly UslPoint[];
  readonly usl?: UslFit;
  readonly scaling?: Scaling;
  /** From the inside, at the highest rate that held; when the target is a Microcosm run. */
  readonly target?: TargetReport;
  /** Why a run that is the target said nothing. */
  readonly targetSilence?: string;
}

const maxRates = 24;

export interface SaturateHooks {
  readonly trial?: (trial: Trial) => void;
  readonly closed?: (point: UslPoint) => void;
  readonly replicas?: (point: ReplicaPoint) => void;
}

/**
 * Searches for the highest rate that holds its bounds, draws the curve below it, and measures how throughput grows with
 * clients and with instances. What ends it early is in the report, with all that had been measured.
 */
export async function saturate(
  options: SaturateOptions,
  hooks: SaturateHooks = {},
  command = "",
): Promise<SaturationReport> {
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const watch = await TargetWatch.of(options.url);
  if (options.scale !== undefined) await checkScalable(options.scale, watch);
  const found: Found = { result: nothingFound, trials: [], closed: [] };
  const incomplete = await untilEnded((signal) => measure(options, { watch, hooks, signal, found }));
  const { result, trials, closed, ...others } = found;
  const curve = curveOf(trials);
  const knee = kneeOf(curve);
  const enough = new Set(closed.filter((point) => point.throughput > 0).map((point) => point.n)).size >= 3;
  return {
    ...{ format: "microcosm-saturation-report", version: 2, name: "saturate" },
    ...{ startedAt, command, environment, options, result, trials, curve, closed, ...others },
    ...(knee === undefined ? {} : { knee }),
    ...(enough ? { usl: fitUsl(closed) } : {}),
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** Filled in as it is measured. */
interface Found {
  result: SearchResult;
  trials: readonly Trial[];
  readonly closed: UslPoint[];
  scaling?: Scaling;
  target?: TargetReport;
  targetSilence?: string;
}

const nothingFound: SearchResult = {
  highest: undefined,
  lowestFailed: undefined,
  highestConfidence: undefined,
  failedConfidence: undefined,
};

async function measure(
  options: SaturateOptions,
  parts: {
    readonly watch: TargetWatch;
    readonly hooks: SaturateHooks;
    readonly signal: AbortSignal;
    readonly found: Found;
  },
): Promise<void> {
  const { watch, hooks, signal, found } = parts;
  const { startRate, maxRate, precision } = options;
  const trials = new Trials(options, hooks.trial, signal);
  found.trials = trials.done;
  const { highest, lowestFailed } = await findHighestRate(
    (rate) => trials.judge(rate),
    { startRate, maxRate, precision, maxRates },
    (sofar) => {
      found.result = sofar;
    },
  );
  if (highest !== undefined) {
    await atTheEdge(highest, trials, watch, found);
    const top = lowestFailed ?? highest;
    for (let i = 1; i <= options.curvePoints; i++) await trials.run((top * i) / (options.curvePoints + 1));
  }
  for (const n of options.clients) {
    const point = { n, throughput: (await trials.closed(n)).perSecond };
    found.closed.push(point);
    hooks.closed?.(point);
  }
  if (options.scale !== undefined) {
    const points: ReplicaPoint[] = [];
    await measureScaling(options.scale, {
      ...{ watch, trials },
      told: (point) => {
        points.push(point);
        found.scaling = scalingOf(options.scale!, points);
        hooks.replicas?.(point);
      },
    });
  }
}

async function atTheEdge(rate: number, trials: Trials, watch: TargetWatch, found: Found): Promise<void> {
  if (watch.run === undefined) return;
  watch.begin();
  const { load } = await trials.run(rate);
  const [target, silence] = [await watch.report(load), watch.silence];
  if (target !== undefined) found.target = target;
  if (silence !== undefined) found.targetSilence = silence;
}
