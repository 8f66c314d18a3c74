import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { TopicInfo } from "../../runtime/bus/broker.ts";
import type { InstanceInfo } from "../../runtime/control/api.ts";
import { ControlClient } from "../../runtime/control/client.ts";
import { runAndReport } from "../load/command.ts";
import { addLoopOptions, addRunOptions } from "../load/command-options.ts";
import { type LoadOptions, planOf } from "../load/options.ts";
import type { BusPlan } from "../load/plan.ts";
import { wholeNumberWithin as from } from "../option-values.ts";
import type { ReportOptions } from "../report/command-options.ts";
import { startReady } from "../processes.ts";

interface Options extends LoadOptions, ReportOptions {
  readonly durability: string;
  readonly topic?: string;
  readonly data?: string;
  readonly bytes: number;
  readonly keys: number;
  readonly subscriptions: number;
  readonly name: string;
}

const maxBytes = 900 * 1024;

const words = { what: "events", who: "publishers" };

export function addBusLoadCommand(program: Command): void {
  const command = program
    .command("bus-load")
    .description(
      "Load the message bus: publish in an open or closed loop, and time each event to its handler.",
    );
  addLoopOptions(command, words)
    .option("--durability <kind>", "disk (fsynced before it is acknowledged) or memory", "disk")
    .option(
      "--data <directory>",
      "the bus of the run on this data directory, in place of a broker of its own",
    )
    .option("--topic <name>", "of that run; its other subscriptions get these events too")
    .option("--bytes <n>", "of an event's data", from(0, maxBytes), 128)
    .option("--keys <n>", "keys in turn, each delivered in order; 0 for none", from(0, 1_000_000), 0)
    .option("--subscriptions <n>", "each gets every event", from(1, 64), 1);
  addRunOptions(command, words, "bus-load")
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench bus-load --rate 5000 --arrivals poisson
  $ bun run bench bus-load --durability memory --clients 256 --subscriptions 3
  $ bun run bench bus-load --data .microcosm --topic stock.changed --rate 100`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { durability, topic, data, bytes, keys, subscriptions } = options;
  if (durability !== "disk" && durability !== "memory") {
    throw new Error(`--durability takes disk or memory, not "${durability}"`);
  }
  if ((topic === undefined) !== (data === undefined)) throw new Error("--topic and --data go together");
  // Options are read first, so that a wrong one starts nothing.
  const plan = planOf("http://bus/", options);
  const broker = data === undefined ? await ownBroker(durability) : await runningBroker(data, topic!);
  const bus: BusPlan = { address: broker.address, topic: broker.topic, bytes, keys, subscriptions };
  try {
    await runAndReport({ ...plan, url: `bus:${broker.topic}`, bus }, options);
  } finally {
    await broker.stop();
  }
}

interface LoadedBroker {
  readonly address: string;
  readonly topic: string;
  stop(): Promise<void>;
}

/** A broker worker's own code in a process of its own, with an empty log. */
async function ownBroker(durability: "disk" | "memory"): Promise<LoadedBroker> {
  const directory = mkdtempSync(join(tmpdir(), "mc-bus-"));
  const clean = () => rmSync(directory, { recursive: true, force: true });
  try {
    const address = join(directory, "b.sock");
    const script = join(import.meta.dir, "..", "bus", "microcosm.ts");
    const child = await startReady([process.execPath, script, "broker", address, "{}"]);
    return { address, topic: durability, stop: async () => void (await child.stop().finally(clean)) };
  } catch (error) {
    clean();
    throw error;
  }
}

async function runningBroker(dataDirectory: string, topic: string): Promise<LoadedBroker> {
  const control = await ControlClient.find({ data: dataDirectory });
  const [instances, topics] = await Promise.all([
    control.get<InstanceInfo[]>("/api/instances"),
    control.get<TopicInfo[]>("/api/bus/topics"),
  ]);
  if (!topics.some((known) => known.topic === topic)) {
    throw new Error(
      `the run has no topic "${topic}"; there are ${topics.map((known) => known.topic).join(", ")}`,
    );
  }
  const broker = instances.find(({ role }) => role === "broker");
  if (broker === undefined || !broker.address.startsWith("/")) {
    throw new Error(
      "the run's broker has no socket of its own: a monolith's bus cannot be loaded from outside",
    );
  }
  return { address: broker.address, topic, stop: async () => {} };
}
