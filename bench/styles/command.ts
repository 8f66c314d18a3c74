import type { Command } from "commander";
import { numberAbove, wholeNumber } from "../option-values.ts";
import { comparisonHtml } from "../paired/html.ts";
import { comparisonText } from "../paired/text.ts";
import { commandLine } from "../report/command-line.ts";
import { readEnvironment } from "../report/environment.ts";
import { writeFiles } from "../report/page.ts";
import { filesText } from "../report/terminal.ts";
import { measureStyles, stylesReport } from "./run.ts";
import { type Shape, shapes } from "./work.ts";

interface Options {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly clients: number;
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

export function addStylesCommand(program: Command): void {
  program
    .command("styles")
    .description("Mesh frames, HTTP/JSON over TCP, event and reply: one call, five in a chain, five at once.")
    .option("--shapes <list>", `of ${shapes.join(", ")}`, shapesOf, shapes)
    .option("--rounds <n>", "rounds", wholeNumber, 6)
    .option("--seconds <n>", "of one measurement", numberAbove(0.99), 2)
    .option("--rate <n>", "requests a second for the percentiles", numberAbove(0), 100)
    .option("--clients <n>", "of the closed loop", wholeNumber, 16)
    .option("--seed <n>", "of everything random", wholeNumber, 1)
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON instead of a summary")
    .addHelpText("after", "\nExample:\n  $ bun run bench styles --shapes chain --rounds 8")
    .action(run);
}

async function run({ seconds, out, json, ...options }: Options): Promise<void> {
  const checked = { ...options, measureMs: seconds * 1000 };
  const frame = {
    name: "styles",
    startedAt: new Date().toISOString(),
    command: commandLine(),
    environment: readEnvironment(),
  };
  const measured = await measureStyles(checked, (line) => void process.stderr.write(`${line}\n`));
  const report = stylesReport(frame, checked, measured);
  const files = writeFiles(out, report, () => comparisonHtml(report));
  process.stdout.write(
    json === true ? `${JSON.stringify(report)}\n` : `${comparisonText(report)}\n${filesText(files)}`,
  );
}

function shapesOf(text: string): readonly Shape[] {
  const wanted = text.split(",");
  const wrong = wanted.find((shape) => !(shapes as readonly string[]).includes(shape));
  if (wrong !== undefined) throw new Error(`--shapes takes ${shapes.join(", ")}, not "${wrong}"`);
  return wanted as Shape[];
}
