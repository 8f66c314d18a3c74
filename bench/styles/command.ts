import { type Command, Option } from "commander";
import { numberAbove, numberFrom, someOf, wholeNumber } from "../option-values.ts";
import { comparisonHtml } from "../paired/html.ts";
import { comparisonText } from "../paired/text.ts";
import {
  addReportOptions,
  beginReport,
  finishReport,
  type ReportOptions,
} from "../report/command-options.ts";
import { measureStyles, stylesReport } from "./run.ts";
import { type Shape, shapes } from "./work.ts";

interface Options extends ReportOptions {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly clients: number;
  readonly seed: number;
}

export function addStylesCommand(program: Command): void {
  const command = program
    .command("styles")
    .description("Mesh frames, HTTP/JSON over TCP, event and reply: one call, five in a chain, five at once.")
    .addOption(
      new Option("--shapes <list>", `of ${shapes.join(", ")}`)
        .argParser(someOf("--shapes", shapes))
        .default(shapes, "all"),
    )
    .option("--rounds <n>", "rounds", wholeNumber, 6)
    .option("--seconds <n>", "of one measurement", numberFrom(1), 2)
    .option("--rate <n>", "requests a second for the percentiles", numberAbove(0), 100)
    .option("--clients <n>", "of the closed loop", wholeNumber, 16)
    .option("--seed <n>", "of everything random", wholeNumber, 1);
  addReportOptions(command)
    .addHelpText("after", "\nExample:\n  $ bun run bench styles --shapes chain --rounds 8")
    .action(run);
}

async function run({ seconds, ...options }: Options): Promise<void> {
  const checked = { ...options, measureMs: seconds * 1000 };
  const frame = beginReport("styles");
  const measured = await measureStyles(checked, (line) => void process.stderr.write(`${line}\n`));
  finishReport(stylesReport(frame, checked, measured), options, {
    html: comparisonHtml,
    text: comparisonText,
  });
}
