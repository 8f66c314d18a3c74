import type { Command } from "commander";
import { addReportOptions } from "../report/command-options.ts";
import { arrivalKinds } from "./options.ts";

/** What is sent, and who sends it: `requests` of `clients`, or `events` of `publishers`. */
export interface Words {
  readonly what: string;
  readonly who: string;
}

/** When things are sent: the options of an open loop and of a closed one. */
export function addLoopOptions(command: Command, { what, who }: Words): Command {
  return command
    .option("--rate <n>", `${what} a second, whatever becomes of them`)
    .option("--arrivals <kind>", `${arrivalKinds.join(", ")} (default: constant)`)
    .option("--to <n>", "ramp: the rate at its end")
    .option("--over <duration>", "ramp: how long it takes")
    .option("--rates <a,b,c>", "step: the rates")
    .option("--every <duration>", "step: how long each rate holds")
    .option("--peak <n>", "spike: the rate at its peak")
    .option("--at <duration>", "spike: when it begins")
    .option("--for <duration>", "spike: how long it lasts")
    .option("--trace <file>", "trace: times, one a line, in seconds or as ISO dates")
    .option("--clients <n>", `a closed loop of so many ${who}, each waiting for its answer`)
    .option("--think <duration>", "closed loop: mean pause between an answer and what is sent next");
}

/** How long, by how many processes, and where the report goes. */
export function addRunOptions(command: Command, { what }: Words, name: string): Command {
  command
    .option("--duration <duration>", "how long to measure (default: 10s; of a trace, its own length)")
    .option(
      "--warmup <duration>",
      "auto: until throughput and latency have settled, 10s at most (default: auto)",
    )
    .option("--requests <n>", `end after so many ${what}`)
    .option("--processes <n>", "generator processes (default: 1)")
    .option("--timeout <duration>", "until an answer counts as failed (default: 10s)")
    .option("--seed <n>", "of everything random (default: 1)")
    .option("--name <name>", "of the report", name);
  return addReportOptions(command);
}
