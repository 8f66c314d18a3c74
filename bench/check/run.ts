import { join } from "node:path";
import { untilEnded } from "../interruption.ts";
import { makePlan } from "../load/plan.ts";
import type { LoadResult } from "../load/result.ts";
import { runLoad } from "../load/run.ts";
import { startReady } from "../processes.ts";
import { counted } from "../report/figures.ts";
import type { ReportFrame } from "../report/page.ts";
import { bootRun } from "../topology/boot.ts";
import type { Check, Thresholds } from "./file.ts";
import { type BoundOutcome, type CheckRound, judge } from "./judge.ts";

const warmupMs = 500;

export interface CheckReport extends ReportFrame {
  readonly format: "microcosm-check-report";
  readonly version: 1;
  readonly file: string;
  readonly thresholds: Thresholds;
  readonly outcomes: readonly BoundOutcome[];
  readonly rounds: Readonly<Record<string, readonly CheckRound[]>>;
}

/** Measures each check beside a bare `Bun.serve` under the same load, in turns, and judges the ratios. */
export async function runChecks(
  frame: ReportFrame,
  file: string,
  thresholds: Thresholds,
  told: (line: string) => void,
): Promise<CheckReport> {
  const rounds: Record<string, CheckRound[]> = {};
  const outcomes: BoundOutcome[] = [];
  const incomplete = await untilEnded(async (signal) => {
    const bare = await startReady([process.execPath, join(import.meta.dir, "..", "load", "bare-target.ts")]);
    try {
      for (const check of thresholds.checks) {
        told(`${check.name}: ${counted(thresholds.rounds, "round")}`);
        const found: CheckRound[] = [];
        rounds[check.name] = found;
        await measure(check, thresholds, `http://127.0.0.1:${bare.line}/`, signal, found);
        outcomes.push(...judge(check, found));
      }
    } finally {
      await bare.stop();
    }
  });
  return {
    ...{ ...frame, format: "microcosm-check-report", version: 1, file, thresholds, outcomes, rounds },
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** Into `rounds`, so that those before an interruption are kept; only all of them are judged. */
async function measure(
  check: Check,
  thresholds: Thresholds,
  bareUrl: string,
  signal: AbortSignal,
  rounds: CheckRound[],
): Promise<void> {
  const { topology, path, scenario } = check;
  const booted = topology === undefined ? undefined : await bootRun({ topology });
  try {
    const base = (booted?.gateway ?? check.url!).replace(/\/$/, "");
    const target = scenario === undefined ? base + path : base;
    // Not measured: what runs for the first time here is compiled first.
    for (const url of [target, bareUrl]) {
      const short = { ...thresholds, seconds: warmupMs / 1000 };
      const found = await load(url, check, short, { round: 0, isTarget: url === target, signal });
      const problem = found.problems.find(({ severity }) => severity === "error");
      // That is no regression of what answers, and it has a reason.
      if (found.total.replied === 0 && problem !== undefined) {
        throw new Error(`${check.name}: ${problem.message}`);
      }
    }
    for (let round = 0; round < thresholds.rounds; round++) {
      const ours = () => load(target, check, thresholds, { round, isTarget: true, signal });
      const theirs = () => load(bareUrl, check, thresholds, { round, isTarget: false, signal });
      if (round % 2 === 0) rounds.push({ target: await ours(), calibration: await theirs() });
      else rounds.push({ calibration: await theirs(), target: await ours() });
    }
  } finally {
    await booted?.stop();
  }
}

/**
 * The scenario is the target's alone; the bare server gets as many clients, or as many requests as there are turns. Rejects
 * when it was interrupted.
 */
async function load(
  url: string,
  { clients, rate, scenario }: Check,
  { seconds, seed }: Thresholds,
  turn: { readonly round: number; readonly isTarget: boolean; readonly signal: AbortSignal },
): Promise<LoadResult> {
  const { round, isTarget, signal } = turn;
  signal.throwIfAborted();
  const plan = makePlan({
    ...{ url, durationMs: seconds * 1000, warmup: warmupMs, seed: seed + round },
    loop:
      clients === undefined
        ? { kind: "open", arrivals: { kind: "poisson", rate: rate! } }
        : { kind: "closed", clients, thinkMs: 0 },
    ...(scenario === undefined || !isTarget ? {} : { scenarioFile: scenario }),
  });
  const found = await runLoad(plan, { signal });
  signal.throwIfAborted();
  return found;
}
