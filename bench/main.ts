/** `bun run bench [command]`: loads, compares and, without a command, measures the budgets of the design as ratios in one run. */
import { Command } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { addBusLoadCommand } from "./bus-load/command.ts";
import { addCheckCommand } from "./check/command.ts";
import { addCompareModesCommand } from "./compare-modes/command.ts";
import { addCurvesCommand } from "./curves/command.ts";
import { addLoadCommand } from "./load/command.ts";
import { addPeersCommand, partNames } from "./peers/command.ts";
import { addDiffCommand } from "./report/command.ts";
import { addSaturateCommand } from "./saturate/command.ts";
import { addStylesCommand } from "./styles/command.ts";

const program = new Command("bench")
  .description(
    "Load a target, compare, and measure the budgets. Without a command: the budgets, each beside its peer in the same run.",
  )
  .addHelpText(
    "after",
    "\nExamples:\n  $ bun run bench load http://127.0.0.1:8080/v1/products --rate 500\n  $ bun run bench gateway --rounds 5 --seconds 10\n  $ bun run bench",
  );

addLoadCommand(program);
addBusLoadCommand(program);
addSaturateCommand(program);
addDiffCommand(program);
addCompareModesCommand(program);
addStylesCommand(program);
addCheckCommand(program);
addPeersCommand(program);
addCurvesCommand(program);
/** A part of the budgets needs no command before it; of anything else Commander would say that there is no such part. */
function checkCommand(name: string | undefined): void {
  if (name === undefined || name.startsWith("-")) return;
  const known = ["help", ...program.commands.map((command) => command.name()), ...partNames];
  if (known.includes(name)) return;
  const near = closest(name, known);
  const hint =
    distance(name, near) <= 2 ? `; did you mean ${near}?` : "; bun run bench --help lists those there are";
  throw new Error(`there is no command "${name}"${hint}`);
}

try {
  checkCommand(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
