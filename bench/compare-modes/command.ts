import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { scenarioFile } from "../load/scenarios.ts";
import { comparisonHtml } from "../paired/html.ts";
import { comparisonText } from "../paired/text.ts";
import { numberAbove, numberFrom, someOf, wholeNumber } from "../option-values.ts";
import {
  addReportOptions,
  beginReport,
  finishReport,
  type ReportOptions,
} from "../report/command-options.ts";
import { type CompareModesOptions, type Part, parts } from "./options.ts";
import { modesReport } from "./report.ts";
import { measureModes } from "./run.ts";

interface Options extends ReportOptions {
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
}

export function addCompareModesCommand(program: Command): void {
  const command = program
    .command("compare-modes")
    .description(
      "The same shop as a monolith and as microservices: which wins where, by how much, and how sure.",
    )
    .option("--topology <file>", "what to run in both modes", "topology.yaml")
    .option("--scenario <name>", "the load, as in load", "shop")
    .option("--routes <name>", "the load of the crash: a scenario whose steps are routes", "shop-routes")
    .option("--ready-path <path>", "a start is over when this answers 200", "/v1/products?limit=1")
    .addOption(
      new Option("--parts <list>", `of ${parts.join(", ")}`)
        .argParser(someOf("--parts", parts))
        .default(parts, "all"),
    )
    .option("--rounds <n>", "pairs of fresh runs", wholeNumber, 5)
    .option("--seconds <n>", "of one measurement", numberFrom(1), 4)
    .option(
      "--rate <n>",
      "turns a second for the percentiles (default: half of what the slower can do)",
      numberAbove(0),
    )
    .option("--clients <n>", "of the closed loops", wholeNumber, 16)
    .option("--crash <service>", "what to kill under load", "catalog")
    .option("--crash-rate <n>", "requests a second meanwhile", numberAbove(0), 60)
    .addOption(
      new Option("--scale <service=n>", "what to scale")
        .argParser(scaleOf)
        .default({ service: "catalog", instances: 2 }, "catalog=2"),
    )
    .option("--scale-path <path>", "a route that needs that service", "/v1/products/p-0001")
    .option("--seed <n>", "of everything random", wholeNumber, 1);
  addReportOptions(command)
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
  const frame = beginReport("compare-modes");
  const measured = await measureModes(checked, (line) => void process.stderr.write(`${line}\n`));
  finishReport(modesReport(frame, checked, measured), options, {
    html: comparisonHtml,
    text: comparisonText,
  });
}

function scaleOf(text: string): Options["scale"] {
  const found = /^([\w-]+)=(\d+)$/.exec(text);
  const instances = Number(found?.[2]);
  if (found === null || instances < 2)
    throw new InvalidArgumentError(`--scale takes SERVICE=N with N of 2 or more, not "${text}"`);
  return { service: found[1]!, instances };
}
