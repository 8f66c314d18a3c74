import type { Command } from "commander";
import { planOf } from "../load/options.ts";
import { latency, percent, whole } from "../report/figures.ts";
import { columns } from "../report/terminal.ts";
import { type SaturationReport, saturate, type Trial, writeSaturation } from "./run.ts";

interface Options {
  readonly p99: number;
  readonly maxFailed: number;
  readonly start: number;
  readonly max: number;
  readonly precision: number;
  readonly seconds: number;
  readonly trials: number;
  readonly clients: readonly number[];
  readonly seed: number;
  readonly scenario?: string;
  readonly out: string;
  readonly json?: boolean;
}

const above = (least: number) => (text: string) => {
  const value = Number(text);
  if (!(value > least && Number.isFinite(value))) throw new Error(`"${text}" is not a number above ${least}`);
  return value;
};

const sizes = (text: string) => (text === "none" ? [] : text.split(",").map(above(0)).map(Math.round));

export function addSaturateCommand(program: Command): void {
  program
    .command("saturate")
    .description(
      "Find the highest rate at which p99 and failures hold their bounds, and how throughput scales.",
    )
    .argument("<url>", "what to load; the base address when a scenario is given")
    .option("--p99 <ms>", "bound on the corrected p99", above(0), 100)
    .option("--max-failed <share>", "bound on the share of failed requests", above(-1e-9), 0.01)
    .option("--start <n>", "first rate", above(0), 100)
    .option("--max <n>", "highest rate to try", above(0), 200_000)
    .option("--precision <ratio>", "stop when the edge is known to this ratio", above(1), 1.05)
    .option("--seconds <n>", "of a trial", above(0), 5)
    .option("--trials <n>", "most of so many decide, odd", above(0), 3)
    .option("--clients <list>", "sizes for the scalability law, or none", sizes, [1, 2, 4, 8, 16, 32])
    .option("--seed <n>", "of the arrivals", above(0), 1)
    .option("--scenario <name>", "as in load")
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON instead of a table")
    .addHelpText(
      "after",
      "\nExample:\n  $ bun run bench saturate http://127.0.0.1:8080/v1/products --p99 20\n\nThe exit code is 1 when no rate held.",
    )
    .action(run);
}

async function run(url: string, options: Options): Promise<void> {
  const { scenario } = options;
  const { url: checked, scenarioFile } = planOf(url, {
    rate: "1",
    ...(scenario === undefined ? {} : { scenario }),
  });
  if (options.trials % 2 !== 1) throw new Error(`--trials is ${options.trials}, must be odd`);
  const report = await saturate(
    {
      url: checked,
      maxP99Ms: options.p99,
      maxFailedShare: options.maxFailed,
      trialMs: options.seconds * 1000,
      warmupMs: 1000,
      trials: options.trials,
      startRate: options.start,
      maxRate: Math.max(options.start, options.max),
      precision: options.precision,
      clients: options.clients,
      seed: options.seed,
      ...(scenarioFile === undefined ? {} : { scenarioFile }),
    },
    {
      trial: (trial) => void process.stderr.write(`${trialLine(trial)}\n`),
      closed: ({ n, throughput }) =>
        void process.stderr.write(`${n} clients: ${whole(throughput)} answers a second\n`),
    },
  );
  const file = writeSaturation(options.out, report);
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report)}\n` : `${saturationText(report)}\nreport  ${file}\n`,
  );
  if (report.result.highest === undefined) process.exitCode = 1;
}

function trialLine(trial: Trial): string {
  const late = trial.generatorLate ? ", generator late" : "";
  return `${whole(trial.rate)}/s: p99 ${latency(trial.p99Ms)}, ${percent(trial.failedShare)} failed, ${trial.held ? "held" : "did not hold"}${late}`;
}

/** The curve of latency over throughput as a table, the edge, and the scalability law in words. */
export function saturationText({ result, trials, options, closed, usl }: SaturationReport): string {
  const rows = trials
    .toSorted((a, b) => a.rate - b.rate)
    .map((trial) => [
      `${whole(trial.rate)}/s`,
      `${whole(trial.perSecond)}/s`,
      latency(trial.p50Ms),
      latency(trial.p99Ms),
      percent(trial.failedShare),
      `${trial.held ? "yes" : "no"}${trial.generatorLate ? " (generator late)" : ""}`,
    ]);
  const bounds = `p99 ≤ ${latency(options.maxP99Ms)} and failed ≤ ${percent(options.maxFailedShare)}`;
  const parts = [columns([["rate", "answers", "p50", "p99", "failed", "held"], ...rows]), ""];
  if (result.highest === undefined) parts.push(`no rate held ${bounds}`);
  else {
    const edge =
      result.lowestFailed === undefined ? "the highest tried" : `${whole(result.lowestFailed)}/s did not`;
    parts.push(`${whole(result.highest)}/s held ${bounds}; ${edge}`);
    const atEdge = trials.filter((trial) => trial.rate === result.lowestFailed && !trial.held);
    if (atEdge.some((trial) => trial.generatorLate)) {
      parts.push(
        "the generator was late in that one: the edge may be its own, or this machine's, rather than the target's",
      );
    }
  }
  if (closed.length > 0) {
    parts.push(
      `closed loop  ${closed.map(({ n, throughput }) => `${n}: ${whole(throughput)}/s`).join("  ")}`,
    );
  }
  if (usl !== undefined) {
    const peak = Number.isFinite(usl.peakN) ? `most at ${whole(usl.peakN)} clients` : "no peak";
    parts.push(
      `scalability  one client ${whole(usl.lambda)}/s, contention σ ${usl.sigma.toPrecision(3)}, coherency κ ${usl.kappa.toPrecision(3)}, ${peak}, R² ${usl.rSquared.toFixed(3)}`,
    );
  }
  return `${parts.join("\n")}\n`;
}
