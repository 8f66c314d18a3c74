import { type Environment, readEnvironment } from "../report/environment.ts";
import type { ReportFrame } from "../report/page.ts";
import { type TargetReport, TargetWatch } from "../topology/watch.ts";
import { type CurvePoint, curveOf, kneeOf } from "./knee.ts";
import { measureScaling, type ReplicaPoint, type ScaleOptions, type Scaling } from "./replicas.ts";
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
 * clients and with instances.
 */
export async function saturate(
  options: SaturateOptions,
  hooks: SaturateHooks = {},
  command = "",
): Promise<SaturationReport> {
  const environment: Environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const watch = await TargetWatch.of(options.url);
  const trials = new Trials(options, hooks.trial);
  const { startRate, maxRate, precision } = options;
  const result = await findHighestRate((rate) => trials.judge(rate), {
    startRate,
    maxRate,
    precision,
    maxRates,
  });
  const target = result.highest === undefined ? undefined : await atTheEdge(result.highest, trials, watch);
  const targetSilence = watch.silence;
  if (result.highest !== undefined) {
    const top = result.lowestFailed ?? result.highest;
    for (let i = 1; i <= options.curvePoints; i++) await trials.run((top * i) / (options.curvePoints + 1));
  }
  const closed: UslPoint[] = [];
  for (const n of options.clients) {
    const point = { n, throughput: (await trials.closed(n)).perSecond };
    closed.push(point);
    hooks.closed?.(point);
  }
  const scaling =
    options.scale === undefined
      ? undefined
      : await measureScaling(options.scale, { watch, trials, told: hooks.replicas ?? (() => {}) });
  const curve = curveOf(trials.done);
  const knee = kneeOf(curve);
  const enough = new Set(closed.filter((point) => point.throughput > 0).map((point) => point.n)).size >= 3;
  return {
    ...{ format: "microcosm-saturation-report", version: 2, name: "saturate" },
    ...{ startedAt, command, environment, options, result, trials: trials.done, curve, closed },
    ...(knee === undefined ? {} : { knee }),
    ...(enough ? { usl: fitUsl(closed) } : {}),
    ...(scaling === undefined ? {} : { scaling }),
    ...(target === undefined ? {} : { target }),
    ...(targetSilence === undefined ? {} : { targetSilence }),
  };
}

async function atTheEdge(
  rate: number,
  trials: Trials,
  watch: TargetWatch,
): Promise<TargetReport | undefined> {
  if (watch.run === undefined) return undefined;
  watch.begin();
  const { load } = await trials.run(rate);
  return await watch.report(load);
}
