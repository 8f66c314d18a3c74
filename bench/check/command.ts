import type { Command } from "commander";
import {
  addReportOptions,
  beginReport,
  finishReport,
  type ReportOptions,
} from "../report/command-options.ts";
import { readThresholds } from "./file.ts";
import { runChecks } from "./run.ts";
import { checkHtml, checkText, recordText } from "./text.ts";

interface Options extends ReportOptions {
  readonly record?: boolean;
}

export function addCheckCommand(program: Command): void {
  const command = program
    .command("check")
    .description("Hold a threshold file: for CI, which fails on a real regression only.")
    .argument("<file>", "bounds as ratios to a bare server in the same minute, YAML or JSON")
    .option("--record", "also print what was measured as bounds, with a quarter of room");
  addReportOptions(command)
    .addHelpText(
      "after",
      "\nExample:\n  $ bun run bench check bench/thresholds.yaml\n\nThe exit code is 1 when the whole interval of a ratio lies beyond its bound.",
    )
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const thresholds = readThresholds(file);
  const report = await runChecks(
    beginReport("check"),
    file,
    thresholds,
    (line) => void process.stderr.write(`${line}\n`),
  );
  if (report.outcomes.some(({ verdict }) => verdict === "regression")) process.exitCode = 1;
  finishReport(report, options, { html: checkHtml, text: checkText });
  if (options.record === true && options.json !== true) process.stdout.write(`\n${recordText(report)}`);
}
