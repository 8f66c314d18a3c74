import type { Command } from "commander";
import { interruptedCode, interruption } from "../interruption.ts";
import { commandLine } from "../report/command-line.ts";
import type { ReportOptions } from "../report/command-options.ts";
import { readEnvironment } from "../report/environment.ts";
import { Progress } from "../report/progress.ts";
import { makeReport, writeReport } from "../report/report.ts";
import { filesText, summaryText, targetText } from "../report/terminal.ts";
import { TargetWatch } from "../topology/watch.ts";
import { addLoopOptions, addRunOptions } from "./command-options.ts";
import { type LoadOptions, planOf } from "./options.ts";
import type { LoadPlan } from "./plan.ts";
import { runLoad, unmeasured } from "./run.ts";
import { scenarioNames } from "./scenarios.ts";

interface Options extends LoadOptions, ReportOptions {
  readonly name: string;
}

const collect = (value: string, before: string[] = []) => [...before, value];

const words = { what: "requests", who: "clients" };

export function addLoadCommand(program: Command): void {
  const command = program
    .command("load")
    .description("Load any URL, in an open loop (--rate) or a closed one (--clients), and write a report.")
    .argument("<url>", "what to load; the base address when a scenario is given");
  addLoopOptions(command, words)
    .option("--connections <n>", "open loop: connections at most (default: 256)")
    .option("--scenario <name>", `a path, or one of: ${scenarioNames().join(", ")}`)
    .option("-X, --method <method>", "default: GET; POST with --data")
    .option("-H, --header <line>", '"name: value", may be given several times', collect)
    .option("-d, --data <text>", "body");
  addRunOptions(command, words, "load")
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench load http://127.0.0.1:8080/v1/products --rate 1000 --arrivals poisson --duration 30s
  $ bun run bench load http://127.0.0.1:8080 --scenario shop --rate 50
  $ bun run bench load http://127.0.0.1:8080/v1/products --clients 50

The exit code is 1 when nothing was answered, the rate was not reached or a threshold was broken.`,
    )
    .action(load);
}

async function load(url: string, options: Options): Promise<void> {
  await runAndReport(planOf(url, options), options);
}

/** Runs a plan with its progress on the terminal, writes the report, and sets the exit code. Throws on a bad name. */
export async function runAndReport(
  plan: LoadPlan,
  options: Pick<Options, "name" | "out" | "json">,
): Promise<void> {
  if (!/^[\w.-]+$/.test(options.name))
    throw new Error(`--name takes letters, digits, dots, - and _, not "${options.name}"`);
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  // The summary goes to standard output, so what is only for the eye goes beside it.
  const progress = new Progress(process.stderr);
  const { signal, release } = interruption();
  const watch = await TargetWatch.of(plan.bus === undefined ? plan.url : undefined);
  watch.begin();
  const result = await runLoad(plan, {
    warmingUp: (elapsedMs) => progress.warmingUp(elapsedMs),
    second: (second, of) => progress.second(second, of),
    signal,
  })
    // A target may be gone before a scenario has logged in: that is a result too.
    .catch((error: Error) => unmeasured(plan, error.message))
    .finally(() => progress.done());
  release();
  const target = await watch.report(result);
  const files = writeReport(
    options.out,
    makeReport({
      ...{ name: options.name, startedAt, command: commandLine(), environment, load: result },
      ...(target === undefined ? {} : { target }),
    }),
  );
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ...result, target, files })}\n`);
  else process.stdout.write(`${summaryText(result)}${targetText(target)}\n${filesText(files)}`);
  if (watch.silence !== undefined) process.stderr.write(`the run says nothing of itself: ${watch.silence}\n`);
  if (result.problems.some((problem) => problem.severity === "error")) process.exitCode = 1;
  if (signal.aborted) process.exitCode = interruptedCode;
}
