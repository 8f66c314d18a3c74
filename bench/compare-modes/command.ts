import { existsSync } from "node:fs";
import type { Command } from "commander";
import { scenarioFile } from "../load/scenarios.ts";
import { comparisonHtml } from "../paired/html.ts";
import { comparisonText } from "../paired/text.ts";
import { commandLine } from "../report/command-line.ts";
import { readEnvironment } from "../report/environment.ts";
import { writeFiles } from "../report/page.ts";
import { filesText } from "../report/terminal.ts";
import { numberAbove, wholeNumber } from "../option-values.ts";
import { type CompareModesOptions, type Part, parts } from "./options.ts";
import { modesReport } from "./report.ts";
import { measureModes } from "./run.ts";

interface Options {
  readonly topology: string;
  readonly scenario: string;
  readonly routes: string;
  readonly readyPath: string;
  readonly parts: readonly Part[];
  readonly rounds: number;
  readonly seconds: number;
  readonly rate?: number;
  readonly clients: number;
  readonly crash: string;
  readonly crashRate: number;
  readonly scale: { readonly service: string; readonly instances: number };
  readonly scalePath: string;
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

export function addCompareModesCommand(program: Command): void {
  program
    .command("compare-modes")
    .description(
      "The same shop as a monolith and as microservices: which wins where, by how much, and how sure.",
    )
    .option("--topology <file>", "what to run in both modes", "topology.yaml")
    .option("--scenario <name>", "the load, as in load", "shop")
    .option("--routes <name>", "the load of the crash: a scenario whose steps are routes", "shop-routes")
    .option("--ready-path <path>", "a start is over when this answers 200", "/v1/products?limit=1")
    .option("--parts <list>", `of ${parts.join(", ")}`, partsOf, parts)
    .option("--rounds <n>", "pairs of fresh runs", wholeNumber, 5)
    .option("--seconds <n>", "of one measurement", numberAbove(0.99), 4)
    .option(
      "--rate <n>",
      "turns a second for the percentiles (default: half of what the slower can do)",
      numberAbove(0),
    )
    .option("--clients <n>", "of the closed loops", wholeNumber, 16)
    .option("--crash <service>", "what to kill under load", "catalog")
    .option("--crash-rate <n>", "requests a second meanwhile", numberAbove(0), 60)
    .option("--scale <service=n>", "what to scale", scaleOf, { service: "catalog", instances: 2 })
    .option("--scale-path <path>", "a route that needs that service", "/v1/products/p-0001")
    .option("--seed <n>", "of everything random", wholeNumber, 1)
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON instead of a summary")
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench compare-modes
  $ bun run bench compare-modes --parts crash --crash payments --rounds 3`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { topology, scenario, routes, seconds, scale, scalePath, ...rest } = options;
  if (!existsSync(topology)) throw new Error(`--topology: there is no file ${topology}`);
  const checked: CompareModesOptions = {
    ...rest,
    topology,
    rate: options.rate,
    scenarioFile: scenarioFile(scenario),
    routesFile: scenarioFile(routes),
    measureMs: seconds * 1000,
    scale: { ...scale, path: scalePath },
  };
  const frame = {
    name: "compare-modes",
    startedAt: new Date().toISOString(),
    command: commandLine(),
    environment: readEnvironment(),
  };
  const measured = await measureModes(checked, (line) => void process.stderr.write(`${line}\n`));
  const report = modesReport(frame, checked, measured);
  const files = writeFiles(options.out, report, () => comparisonHtml(report));
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report)}\n` : `${comparisonText(report)}\n${filesText(files)}`,
  );
}

function partsOf(text: string): readonly Part[] {
  const wanted = text.split(",");
  const wrong = wanted.find((part) => !(parts as readonly string[]).includes(part));
  if (wrong !== undefined) throw new Error(`--parts takes ${parts.join(", ")}, not "${wrong}"`);
  return wanted as Part[];
}

function scaleOf(text: string): Options["scale"] {
  const found = /^([\w-]+)=(\d+)$/.exec(text);
  const instances = Number(found?.[2]);
  if (found === null || instances < 2)
    throw new Error(`--scale takes SERVICE=N with N of 2 or more, not "${text}"`);
  return { service: found[1]!, instances };
}
