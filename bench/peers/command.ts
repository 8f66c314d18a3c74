import type { Command } from "commander";
import { tellIncomplete, untilEnded } from "../interruption.ts";
import { wholeNumber as whole } from "../option-values.ts";
import { addReportOptions, beginReport, type ReportOptions } from "../report/command-options.ts";
import { prepareStart } from "../prepare.ts";
import {
  type Measured,
  type Part,
  type PartFacts,
  type RoundHooks,
  runPart,
  runStanding,
  type Standing,
} from "./part.ts";
import { durablePart, gatewayPart, memoryPart, type PartOptions } from "./parts.ts";
import { bootPart } from "../boot/part.ts";
import { measureServicesRound, servicesFacts } from "../services/part.ts";
import { telemetryFacts, withTelemetrySides } from "../telemetry/part.ts";
import { budgetRows } from "./budgets.ts";
import { programPath } from "./side.ts";
import { filesText } from "../report/terminal.ts";
import { addRounds, makePeersReport, readPeersReport, stemOf, writePeersReport } from "./report.ts";
import { peersMarkdown, peersText } from "./text.ts";

export const partNames = [
  "gateway",
  "durable",
  "memory",
  "boot",
  "telemetry",
  "dashboard",
  "services",
] as const;
type PartName = (typeof partNames)[number];

interface Options extends PartOptions, ReportOptions {
  readonly rounds: number;
  readonly into?: string;
  readonly markdown?: boolean;
  readonly strict?: boolean;
}

export function addPeersCommand(program: Command): void {
  const command = program
    .command("peers", { isDefault: true })
    .description(
      "The same work on Microcosm and on what it may be compared with, and whether the budgets hold. This is what `bun run bench` does without a command.",
    )
    .argument("[parts...]", `of ${partNames.join(", ")}; default: all`)
    .option("--rounds <n>", "rounds, each with fresh processes", whole, 3)
    .option("--seconds <n>", "of one measurement", whole, 4)
    .option("--connections <n>", "HTTP connections", whole, 32)
    .option("--into <file>", "a report's .json: its rounds are kept, and these are added")
    .option("--markdown", "print a Markdown table")
    .option("--strict", "exit code 1 when a budget is not reached");
  addReportOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ bench/peers/install.sh                          # Debian packages and npm, once
  $ bun run bench                                   # all parts, a quarter of an hour
  $ bun run bench gateway telemetry --rounds 8
  $ bun run bench gateway --rounds 5 --into bench/out/peers.json
  $ bun run bench dashboard --strict

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
  const isMissed = budgetRows(fresh.samples).some(({ reached }) => reached === false);
  if (options.strict === true && isMissed) process.exitCode = 1;
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
    signal.throwIfAborted();
    const found = await measurePart(name, options, signal);
    if (typeof found === "string") {
      process.stderr.write(`${name}: not measured, ${found}\n`);
      continue;
    }
    if (found.samples.length > 0) measured.push(found);
    if (found.failure === undefined) continue;
    process.stderr.write(`${found.failure.message}\n`);
    failures.push(found.failure);
  }
  if (failures[0] !== undefined) throw failures[0];
}

function partName(text: string): PartName {
  const found = partNames.find((name) => name === text);
  if (found === undefined) throw new Error(`there is no part "${text}"; there are ${partNames.join(", ")}`);
  return found;
}

/** Or why not. */
async function measurePart(
  name: PartName,
  options: Options,
  signal: AbortSignal,
): Promise<Measured | string> {
  const takesWrk = name === "gateway" || name === "telemetry";
  if (takesWrk && programPath("wrk") === undefined) return "wrk is not installed";
  if (name === "services" && process.platform !== "linux") return "it reads /proc, which Linux only has";
  // Services once: it takes three minutes, and what is asked is a shape.
  const rounds = name === "services" ? 1 : options.rounds;
  const hooks: RoundHooks = {
    signal,
    turn: (round, side) => void process.stderr.write(`${name}, round ${round + 1} of ${rounds}: ${side}\n`),
  };
  const anew = <Running extends { stop(): Promise<void> }>(part: Part<Running>) =>
    runPart(part, rounds, hooks);
  const standing = (facts: PartFacts, sides: Standing) => runStanding(facts, rounds, sides, hooks);
  switch (name) {
    case "gateway":
      return await anew(await gatewayPart(options));
    case "durable":
      return await anew(durablePart(options));
    case "memory":
      return await anew(memoryPart(options));
    case "boot":
      return await anew(bootPart());
    case "telemetry":
      return await standing(telemetryFacts(options), (work) => withTelemetrySides(options, work));
    case "dashboard": {
      // What drives a browser takes a second to load.
      const { chromiumPath, dashboardFacts, withDashboard } = await import("../dashboard/part.ts");
      if (chromiumPath === undefined) return "Chromium is not installed";
      return await standing(dashboardFacts(), withDashboard);
    }
    case "services":
      return await standing(servicesFacts(), (work) => work(measureServicesRound));
  }
}
