import type { Command } from "commander";
import { commandLine } from "../report/command-line.ts";
import { readEnvironment } from "../report/environment.ts";
import { writeFiles } from "../report/page.ts";
import { filesText } from "../report/terminal.ts";
import { readThresholds } from "./file.ts";
import { runChecks } from "./run.ts";
import { checkHtml, checkText, recordText } from "./text.ts";

interface Options {
  readonly record?: boolean;
  readonly out: string;
  readonly json?: boolean;
}

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("Hold a threshold file: for CI, which fails on a real regression only.")
    .argument("<file>", "bounds as ratios to a bare server in the same minute, YAML or JSON")
    .option("--record", "also print what was measured as bounds, with a quarter of room")
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON instead of a table")
    .addHelpText(
      "after",
      "\nExample:\n  $ bun run bench check bench/thresholds.yaml\n\nThe exit code is 1 when the whole interval of a ratio lies beyond its bound.",
    )
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const thresholds = readThresholds(file);
  const frame = {
    name: "check",
    startedAt: new Date().toISOString(),
    command: commandLine(),
    environment: readEnvironment(),
  };
  const report = await runChecks(frame, file, thresholds, (line) => void process.stderr.write(`${line}\n`));
  const files = writeFiles(options.out, report, () => checkHtml(report));
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`${checkText(report)}\n${filesText(files)}`);
  if (options.record === true && options.json !== true) process.stdout.write(`\n${recordText(report)}`);
  if (report.outcomes.some(({ verdict }) => verdict === "regression")) process.exitCode = 1;
}
