import type { Command } from "commander";
import { tellIncomplete, untilEnded } from "../interruption.ts";
import { wholeNumber as whole } from "../option-values.ts";
import { addReportOptions, beginReport, type ReportOptions } from "../report/command-options.ts";
import { prepareStart } from "../prepare.ts";
import { measureBoot, measureServicesPart, measureTelemetry } from "./own-parts.ts";
import { type Measured, type Part, type RoundHooks, runPart } from "./part.ts";
import { durablePart, gatewayPart, memoryPart, type PartOptions } from "./parts.ts";
import { programPath } from "./side.ts";
import { filesText } from "../report/terminal.ts";
import { addRounds, makePeersReport, readPeersReport, stemOf, writePeersReport } from "./report.ts";
import { peersMarkdown, peersText } from "./text.ts";

const partNames = ["gateway", "durable", "memory", "boot", "telemetry", "services"] as const;
type PartName = (typeof partNames)[number];

interface Options extends PartOptions, ReportOptions {
  readonly rounds: number;
  readonly into?: string;
  readonly markdown?: boolean;
}

export function addPeersCommand(program: Command): void {
  const command = program
    .command("peers")
    .description(
      "The same work on Microcosm and on what it may be compared with, and whether the budgets hold.",
    )
    .argument("[parts...]", `of ${partNames.join(", ")}; default: all`)
    .option("--rounds <n>", "rounds, each with fresh processes", whole, 3)
    .option("--seconds <n>", "of one measurement", whole, 4)
    .option("--connections <n>", "HTTP connections", whole, 32)
    .option("--into <file>", "a report's .json: its rounds are kept, and these are added")
    .option("--markdown", "print a Markdown table");
  addReportOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ bench/peers/install.sh                          # Debian packages and npm, once
  $ bun run bench peers
  $ bun run bench peers gateway --rounds 5 --into bench/out/peers.json

What is not installed is not measured, and named. The exit code is 1 when nothing could be measured.`,
    )
    .action(run);
}

async function run(parts: readonly string[], options: Options): Promise<void> {
  const wanted = parts.length === 0 ? partNames : parts.map(partName);
  if (options.into?.endsWith(".json") === false)
    throw new Error(`--into ${options.into}: a report's .json is asked for`);
  const earlier = options.into === undefined ? undefined : readPeersReport(options.into);
  const frame = beginReport("peers");
  const measured: Measured[] = [];
  const incomplete = await untilEnded((signal) => measureParts(wanted, options, measured, signal));
  if (measured.length === 0 && incomplete === undefined)
    throw new Error("nothing was measured; bench/peers/install.sh installs wrk and the peers");
  const fresh = makePeersReport(frame, measured, incomplete);
  const report = earlier === undefined ? fresh : addRounds(earlier, fresh);
  const stem = options.into?.replace(/\.json$/, "") ?? stemOf(options.out, report);
  const files = writePeersReport(stem, report);
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    process.stdout.write(options.markdown === true ? peersMarkdown(report) : `\n${peersText(report)}`);
    process.stderr.write(filesText(files));
  }
  tellIncomplete(fresh);
}

/** One after the other into `measured`. A part that fails takes nothing from the others; then the first failure is thrown. */
async function measureParts(
  wanted: readonly PartName[],
  options: Options,
  measured: Measured[],
  signal: AbortSignal,
): Promise<void> {
  await prepareStart();
  const failures: Error[] = [];
  for (const name of wanted) {
    try {
      const found = await measurePart(name, options, signal);
      if (found !== undefined) measured.push(found);
    } catch (error) {
      if (!signal.aborted) process.stderr.write(`${(error as Error).message}\n`);
      failures.push(error as Error);
    }
    signal.throwIfAborted();
  }
  if (failures[0] !== undefined) throw failures[0];
}

function partName(text: string): PartName {
  const found = partNames.find((name) => name === text);
  if (found === undefined) throw new Error(`there is no part "${text}"; there are ${partNames.join(", ")}`);
  return found;
}

/** Undefined where the load generator is missing. */
async function measurePart(
  name: PartName,
  options: Options,
  signal: AbortSignal,
): Promise<Measured | undefined> {
  if ((name === "gateway" || name === "telemetry") && programPath("wrk") === undefined) {
    process.stderr.write(`${name}: not measured, wrk is not installed\n`);
    return undefined;
  }
  const rounds = <Running extends { stop(): Promise<void> }>(part: Part<Running>) =>
    runPart(part, options.rounds, hooks(name, options.rounds, signal));
  switch (name) {
    case "gateway":
      return rounds(await gatewayPart(options));
    case "durable":
      return rounds(durablePart(options));
    case "memory":
      return rounds(memoryPart(options));
    case "boot":
      return measureBoot(options.rounds);
    case "telemetry":
      return measureTelemetry(options.rounds, options);
    case "services":
      return measureServicesPart();
  }
}

function hooks(part: PartName, rounds: number, signal: AbortSignal): RoundHooks {
  return {
    signal,
    turn: (round, side) => void process.stderr.write(`${part}, round ${round + 1} of ${rounds}: ${side}\n`),
  };
}
