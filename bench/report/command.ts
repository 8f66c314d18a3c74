import type { Command } from "commander";
import { diffRuns } from "./diff.ts";
import { readReport } from "./report.ts";
import { diffText } from "./terminal.ts";

export function addDiffCommand(program: Command): void {
  program
    .command("diff")
    .description("Compare two reports, with a bootstrap interval on each difference.")
    .argument("<first>", "a report, .json or .html")
    .argument("<second>", "the one to judge against it")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Example:
  $ bun run bench diff bench/out/before.json bench/out/after.json

The exit code is 1 when something is worse.`,
    )
    .action((first: string, second: string, options: { json?: boolean }) => {
      const rows = diffRuns(readReport(first).load, readReport(second).load);
      process.stdout.write(options.json === true ? `${JSON.stringify(rows)}\n` : diffText(rows));
      if (rows.some((row) => row.verdict === "worse")) process.exitCode = 1;
    });
}
