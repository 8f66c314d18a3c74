import { type Command, Option } from "commander";
import { planOf } from "../load/options.ts";
import { numberAbove as above, numberFrom, wholeNumber } from "../option-values.ts";
import { commandLine } from "../report/command-line.ts";
import { addReportOptions, finishReport, type ReportOptions } from "../report/command-options.ts";
import { counted, whole } from "../report/figures.ts";
import { bootRun } from "../topology/boot.ts";
import { saturationHtml } from "./html.ts";
import { parseScale } from "./replicas.ts";
import { type SaturateHooks, type SaturateOptions, saturate } from "./run.ts";
import { saturationText, trialLine } from "./text.ts";

interface Options extends ReportOptions {
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
}

const sizes = (text: string) => (text === "none" ? [] : text.split(",").map(wholeNumber));

export function addSaturateCommand(program: Command): void {
  const command = program
    .command("saturate")
    .description(
      "Find the highest rate at which p99 and failures hold their bounds, how throughput scales, and what limits it.",
    )
    .argument("<url>", "what to load; the base address when a scenario is given; a path with --topology")
    .option("--p99 <ms>", "bound on the corrected p99", above(0), 100)
    .option("--max-failed <share>", "bound on the share of failed requests", numberFrom(0), 0.01)
    .option("--start <n>", "first rate", above(0), 100)
    .option("--max <n>", "highest rate to try", above(0), 200_000)
    .option("--precision <ratio>", "stop when the edge is known to this ratio", above(1), 1.05)
    .option("--seconds <n>", "of a trial", above(0), 5)
    .option("--trials <n>", "of one rate at most, until its verdict is sure", wholeNumber, 3)
    .option("--confidence <share>", "what counts as sure", above(0.5), 0.95)
    .option("--curve <n>", "further rates below the edge, for the curve", numberFrom(0), 6)
    .addOption(
      new Option("--clients <list>", "sizes for the scalability law over clients, or none")
        .argParser(sizes)
        .default([1, 2, 4, 8, 16, 32], "1,2,4,8,16,32"),
    )
    .option("--topology <file>", "boot this topology and load its gateway")
    .option(
      "--scale <service=1..4>",
      "measure with so many instances of a service, and fit the law",
      parseScale,
    )
    .option("--scale-clients <n>", "clients of the closed loop at each size", wholeNumber, 32)
    .option("--seed <n>", "of the arrivals", wholeNumber, 1)
    .option("--scenario <name>", "as in load");
  addReportOptions(command)
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
    if (report.result.highest === undefined) process.exitCode = 1;
    finishReport(report, options, { html: saturationHtml, text: saturationText });
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
