import type { Command } from "commander";
import { tellIncomplete } from "../interruption.ts";
import { planOf } from "../load/options.ts";
import { commandLine } from "../report/command-line.ts";
import { counted, whole } from "../report/figures.ts";
import { writeFiles } from "../report/page.ts";
import { filesText } from "../report/terminal.ts";
import { bootRun } from "../topology/boot.ts";
import { saturationHtml } from "./html.ts";
import { parseScale } from "./replicas.ts";
import { type SaturateHooks, type SaturateOptions, saturate } from "./run.ts";
import { saturationText, trialLine } from "./text.ts";

interface Options {
  readonly p99: number;
  readonly maxFailed: number;
  readonly start: number;
  readonly max: number;
  readonly precision: number;
  readonly seconds: number;
  readonly trials: number;
  readonly confidence: number;
  readonly curve: number;
  readonly clients: readonly number[];
  readonly topology?: string;
  readonly scale?: ReturnType<typeof parseScale>;
  readonly scaleClients: number;
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
      "Find the highest rate at which p99 and failures hold their bounds, how throughput scales, and what limits it.",
    )
    .argument("<url>", "what to load; the base address when a scenario is given; a path with --topology")
    .option("--p99 <ms>", "bound on the corrected p99", above(0), 100)
    .option("--max-failed <share>", "bound on the share of failed requests", above(-1e-9), 0.01)
    .option("--start <n>", "first rate", above(0), 100)
    .option("--max <n>", "highest rate to try", above(0), 200_000)
    .option("--precision <ratio>", "stop when the edge is known to this ratio", above(1), 1.05)
    .option("--seconds <n>", "of a trial", above(0), 5)
    .option("--trials <n>", "of one rate at most, until its verdict is sure", above(0), 3)
    .option("--confidence <share>", "what counts as sure", above(0.5), 0.95)
    .option("--curve <n>", "further rates below the edge, for the curve", above(-1), 6)
    .option(
      "--clients <list>",
      "sizes for the scalability law over clients, or none",
      sizes,
      [1, 2, 4, 8, 16, 32],
    )
    .option("--topology <file>", "boot this topology and load its gateway")
    .option(
      "--scale <service=1..4>",
      "measure with so many instances of a service, and fit the law",
      parseScale,
    )
    .option("--scale-clients <n>", "clients of the closed loop at each size", above(0), 32)
    .option("--seed <n>", "of the arrivals", above(0), 1)
    .option("--scenario <name>", "as in load")
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON instead of a table")
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench saturate http://127.0.0.1:8080/v1/products --p99 20
  $ bun run bench saturate /v1/products/p-0001 --topology topology.yaml --scale catalog=1..4

The exit code is 1 when no rate held.`,
    )
    .action(run);
}

async function run(target: string, options: Options): Promise<void> {
  const booted = options.topology === undefined ? undefined : await bootRun({ topology: options.topology });
  try {
    const url = booted === undefined ? target : `${booted.gateway}/${target.replace(/^\//, "")}`;
    const report = await saturate(saturateOptions(url, options), progress, commandLine());
    const files = writeFiles(options.out, report, () => saturationHtml(report));
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(report)}\n`
        : `${saturationText(report)}\n${filesText(files)}`,
    );
    if (report.result.highest === undefined) process.exitCode = 1;
    tellIncomplete(report);
  } finally {
    await booted?.stop();
  }
}

const tell = (line: string) => void process.stderr.write(`${line}\n`);
const progress: SaturateHooks = {
  trial: (trial) => tell(trialLine(trial)),
  closed: ({ n, throughput }) => tell(`${counted(n, "client")}: ${whole(throughput)} answers a second`),
  replicas: ({ n, throughput, bottleneck }) =>
    tell(
      `${counted(n, "instance")}: ${whole(throughput)} answers a second, limited by ${bottleneck?.service ?? "what is not known"}`,
    ),
};

function saturateOptions(target: string, options: Options): SaturateOptions {
  const { scenario, scale } = options;
  const { url, scenarioFile } = planOf(target, {
    rate: "1",
    ...(scenario === undefined ? {} : { scenario }),
  });
  return {
    url,
    maxP99Ms: options.p99,
    maxFailedShare: options.maxFailed,
    trialMs: options.seconds * 1000,
    warmupMs: 1000,
    trials: options.trials,
    confidence: Math.min(0.999, options.confidence),
    startRate: options.start,
    maxRate: Math.max(options.start, options.max),
    precision: options.precision,
    curvePoints: Math.round(options.curve),
    clients: options.clients,
    seed: options.seed,
    ...(scale === undefined ? {} : { scale: { ...scale, clients: Math.round(options.scaleClients) } }),
    ...(scenarioFile === undefined ? {} : { scenarioFile }),
  };
}
