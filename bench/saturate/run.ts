import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LatencyHistogram } from "../load/histogram.ts";
import { makePlan } from "../load/plan.ts";
import { failedShare, rateReached } from "../load/result.ts";
import { runLoad } from "../load/run.ts";
import { type Environment, readEnvironment } from "../report/environment.ts";
import { findHighestRate, type SearchResult } from "./search.ts";
import { fitUsl, type UslFit, type UslPoint } from "./usl.ts";

export interface SaturateOptions {
  readonly url: string;
  readonly scenarioFile?: string;
  /** A rate holds when the corrected p99 and the share of failed requests are at most this, and the rate was reached. */
  readonly maxP99Ms: number;
  readonly maxFailedShare: number;
  readonly trialMs: number;
  /** Before each trial. */
  readonly warmupMs: number;
  readonly trials: number;
  readonly startRate: number;
  readonly maxRate: number;
  readonly precision: number;
  /** Closed-loop sizes for the scalability law; none: no fit. */
  readonly clients: readonly number[];
  readonly seed: number;
}

export interface Trial {
  readonly rate: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failedShare: number;
  readonly held: boolean;
  /** More sends were late than a run may have: the trial says as much about the generator. */
  readonly generatorLate: boolean;
}

export interface SaturationReport {
  readonly format: "microcosm-saturation-report";
  readonly version: 1;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly options: SaturateOptions;
  readonly result: SearchResult;
  /** In the order in which they were run. */
  readonly trials: readonly Trial[];
  readonly closed: readonly UslPoint[];
  readonly usl?: UslFit;
}

const maxRates = 24;
const maxLateShare = 0.01;

export interface SaturateHooks {
  readonly trial?: (trial: Trial) => void;
  readonly closed?: (point: UslPoint) => void;
}

/** Searches for the highest rate that holds its bounds, then measures how throughput grows with clients. */
export async function saturate(
  options: SaturateOptions,
  hooks: SaturateHooks = {},
): Promise<SaturationReport> {
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const trials: Trial[] = [];
  const holds = async (rate: number) => {
    const trial = await tryRate(options, rate, trials.length);
    trials.push(trial);
    hooks.trial?.(trial);
    return trial.held;
  };
  const { startRate, maxRate, precision, trials: perRate } = options;
  const result = await findHighestRate(holds, { startRate, maxRate, precision, trials: perRate, maxRates });
  const closed: UslPoint[] = [];
  for (const n of options.clients) {
    const point = { n, throughput: await tryClients(options, n) };
    closed.push(point);
    hooks.closed?.(point);
  }
  const report = { startedAt, environment, options, result, trials, closed };
  const enough = new Set(closed.filter((point) => point.throughput > 0).map((point) => point.n)).size >= 3;
  return {
    format: "microcosm-saturation-report",
    version: 1,
    ...report,
    ...(enough ? { usl: fitUsl(closed) } : {}),
  };
}

const common = ({ url, scenarioFile, trialMs, warmupMs, seed }: SaturateOptions) => ({
  url,
  durationMs: trialMs,
  warmup: warmupMs,
  seed,
  ...(scenarioFile === undefined ? {} : { scenarioFile }),
});

async function tryRate(options: SaturateOptions, rate: number, number: number): Promise<Trial> {
  const load = await runLoad(
    makePlan({
      ...common(options),
      // Another draw of arrivals each time: the same one twice would be the same trial.
      seed: options.seed + number,
      loop: { kind: "open", arrivals: { kind: "poisson", rate } },
    }),
  );
  const corrected = LatencyHistogram.decode(load.total.corrected);
  const late = load.generators.reduce((sum, health) => sum + health.late, 0);
  // A turn of a scenario is several requests, so that answers cannot be counted against the rate.
  const reached = options.scenarioFile !== undefined || rateReached(load);
  const share = failedShare(load.total);
  return {
    rate,
    perSecond: load.perSecond,
    p50Ms: corrected.percentileMs(50),
    p99Ms: corrected.percentileMs(99),
    failedShare: share,
    held: reached && corrected.percentileMs(99) <= options.maxP99Ms && share <= options.maxFailedShare,
    generatorLate: late > maxLateShare * load.due,
  };
}

async function tryClients(options: SaturateOptions, clients: number): Promise<number> {
  const load = await runLoad(makePlan({ ...common(options), loop: { kind: "closed", clients, thinkMs: 0 } }));
  return load.perSecond;
}

/** Writes the report as JSON and returns its path. */
export function writeSaturation(directory: string, report: SaturationReport): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `saturate-${report.startedAt.replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, `${JSON.stringify(report)}\n`);
  return file;
}
