import type { Command } from "commander";
import { tellIncomplete } from "../interruption.ts";
import { commandLine } from "./command-line.ts";
import { readEnvironment } from "./environment.ts";
import { type ReportFrame, writeFiles } from "./page.ts";
import { filesText } from "./terminal.ts";

export interface ReportOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** Where a report goes, and in what form it is printed. */
export function addReportOptions(command: Command): Command {
  return command
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as one line of JSON instead of a summary")
    .addHelpText(
      "afterAll",
      "\nCtrl-C ends it early, with a report of what was measured by then; the exit code is 130 then.",
    );
}

/** What every report begins with. To be called before anything is measured. */
export function beginReport(name: string): ReportFrame {
  return {
    name,
    startedAt: new Date().toISOString(),
    command: commandLine(),
    environment: readEnvironment(),
  };
}

/** Writes a report, prints it, and sets the exit code when it is not complete. */
export function finishReport<T extends ReportFrame>(
  report: T,
  { out, json }: ReportOptions,
  shown: { readonly html: (report: T) => string; readonly text: (report: T) => string },
): void {
  const files = writeFiles(out, report, () => shown.html(report));
  process.stdout.write(
    json === true ? `${JSON.stringify(report)}\n` : `${shown.text(report)}\n${filesText(files)}`,
  );
  tellIncomplete(report);
}
