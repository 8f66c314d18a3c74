import { type Command, Option } from "commander";
import { wholeNumber } from "../option-values.ts";

/** `bench services`: what many services cost. Not part of a plain `bench`: two hundred of them take some minutes. */
export function addServicesCommand(program: Command): void {
  program
    .command("services")
    .description("Start, memory and idle CPU of 5 to 200 services, as one tree of processes (Linux).")
    .addOption(
      new Option("--counts <list>", "how many services, one run each")
        .argParser(counts)
        .default([5, 25, 50, 100, 200], "5,25,50,100,200"),
    )
    .option("--settle <n>", "seconds from ready to the idle window", wholeNumber, 75)
    .option(
      "--seconds <n>",
      "seconds of the idle window, for whole rounds of a minute's rest",
      wholeNumber,
      60,
    )
    .addHelpText("after", "\nExamples:\n  $ bun run bench services\n  $ bun run bench services --counts 100")
    .action(async (options: { counts: number[]; settle: number; seconds: number }) => {
      const { benchServices } = await import("./run.ts");
      await benchServices({
        counts: options.counts,
        settleSeconds: options.settle,
        seconds: options.seconds,
      });
    });
}

function counts(text: string): number[] {
  return text.split(",").map((part) => wholeNumber(part.trim()));
}
