import { Command, CommanderError, Option } from "commander";
import { MicrocosmError } from "../sdk/errors.ts";
import { version } from "./version.ts";

export interface CliContext {
  /** How to start this very program again, for workers: `[bun, --no-install, main.ts]`, or `[microcosm]` when compiled. */
  readonly command: readonly string[];
  /** The folder of the source, when this is run from it or by the binary prepared from it. */
  readonly root?: string | undefined;
}

/** A finished command's exit code. */
type Outcome = number | undefined;
type Action = () => Promise<Outcome>;

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 not understood. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  // The reader went away, as with `| head`: nobody is left to tell.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  let outcome: Outcome;
  const program = describe(context, async (action) => {
    outcome = await action();
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return outcome ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    await reportError(error);
    return 1;
  }
}

async function reportError(error: unknown): Promise<void> {
  const { paint } = await import("./output.ts");
  const red = (text: string) => paint("red", text, process.stderr);
  if (error instanceof MicrocosmError) {
    process.stderr.write(`${red("error:")} ${error.message}\n`);
    process.stderr.write(`${paint("dim", `${error.code}: ${error.hint}`, process.stderr)}\n`);
    return;
  }
  process.stderr.write(
    `${red("error:")} ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  );
}

const dataOption = () =>
  new Option("--data <dir>", "the run's data directory (default: the only run there is, or .microcosm here)");
const jsonOption = () => new Option("--json", "print JSON, one value a line");

function describe(context: CliContext, run: (action: Action) => Promise<void>): Command {
  const program = new Command("microcosm")
    .description("A whole microservices architecture on one machine: real processes, no Docker.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(add --help for the options and examples)")
    .showSuggestionAfterError();
  const command = (nameAndArguments: string, description: string, examples: readonly string[]) =>
    program
      .command(nameAndArguments)
      .description(description)
      .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ microcosm ${line}`).join("\n")}`);

  describeRun(command, context, run);
  describeLifecycle(command, run);
  describeBus(command, run);
  describeTelemetry(command, run);
  describeRecordings(command, run);
  describeAuthoring(command, context, run);
  return program;
}

type Declare = (nameAndArguments: string, description: string, examples: readonly string[]) => Command;
type Run = (action: Action) => Promise<void>;

function describeRun(command: Declare, context: CliContext, run: Run): void {
  command("up", "run a topology until Ctrl-C", [
    "up",
    "up examples/banking/topology.yaml --port 0",
    "up --ephemeral --json",
    "up --mode monolith",
  ])
    .argument("[file]", "topology file (default: topology.yaml here, else the built-in shop)")
    .option("--port <n>", "gateway port, 0 for any free one (default: the topology's, 8080)", portNumber)
    .option("--control-port <n>", "control API port, 0 for any free one", portNumber, 9900)
    .option("--data <dir>", "where databases and logs live (default: .microcosm beside the topology)")
    .option("--ephemeral", "use a temporary data directory and delete it at the end")
    .addOption(
      new Option("--mode <mode>", "one process per instance, or all in one")
        .choices(["processes", "monolith"])
        .default("processes"),
    )
    .option("--json", "print one JSON line when all is ready, and nothing else")
    .action((file: string | undefined, options) =>
      run(async () => (await import("./up.ts")).up(file, options, context)),
    );
  command("down", "stop a run: drain, then end every process", ["down", "down --data /tmp/shop"])
    .addOption(dataOption())
    .action((options) => run(async () => (await import("./down.ts")).down(options)));
  command("ps", "list the instances", ["ps", "ps --json | jq .state", "ps --watch"])
    .addOption(dataOption())
    .addOption(jsonOption())
    .option("-w, --watch", "repeat every second until Ctrl-C")
    .action((options) => run(async () => (await import("./ps.ts")).ps(options)));
  command("logs", "show what the services wrote", ["logs", "logs orders -f", "logs --level warn --since 10m"])
    .argument("[service]", "a service or an instance")
    .option("-f, --follow", "go on as lines come, until Ctrl-C")
    .option("-n, --lines <n>", "how many of the last lines (default: 200; with --since all)", positiveNumber)
    .option("--since <moment>", "not before: a duration ago (10m) or a time")
    .option("--until <moment>", "not after")
    .option("--grep <pattern>", "only lines that the regular expression matches, whatever the case")
    .addOption(
      new Option("--level <level>", "this level and above").choices([
        "debug",
        "info",
        "notice",
        "warn",
        "error",
      ]),
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((service: string | undefined, options) =>
      run(async () => (await import("./logs.ts")).logs(service, options)),
    );
  command("call", "send one request to a service, past the gateway", [
    "call catalog GET '/products?limit=3'",
    "call orders POST /orders --data '{\"items\":[]}' --user u1 --header idempotency-key:1",
  ])
    .argument("<service>")
    .argument("<method>")
    .argument("<path>")
    .option("-d, --data <text>", "request body; @file reads it from a file")
    .option("-H, --header <name:value>", "a header; may be given again", collect, [])
    .option("--user <id>", "call as this user")
    .option("--role <role>", "a role of that user; may be given again", collect, [])
    .option("--run <dir>", "the run's data directory")
    .addOption(jsonOption())
    .action((service: string, method: string, path: string, options) =>
      run(async () => (await import("./call.ts")).call(service, method, path, options)),
    );
}

function describeLifecycle(command: Declare, run: Run): void {
  command("scale", "change how many instances services have", ["scale catalog=3", "scale catalog=3 orders=2"])
    .argument("<service=n...>")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((targets: string[], options) =>
      run(async () => (await import("./scale.ts")).scale(targets, options)),
    );
  const verbs = {
    restart: "replace instances, one at a time",
    stop: "drain instances and keep them stopped",
    start: "start what was stopped or is in a crash loop",
  } as const;
  for (const verb of Object.keys(verbs) as (keyof typeof verbs)[]) {
    command(verb, verbs[verb], [`${verb} orders`, `${verb} orders-1`])
      .argument("<target...>", "services or instances")
      .addOption(dataOption())
      .addOption(jsonOption())
      .action((targets: string[], options) =>
        run(async () => (await import("./lifecycle.ts")).lifecycle(verb, targets, options)),
      );
  }
}

function describeBus(command: Declare, run: Run): void {
  const bus = command("bus", "look at the message bus and use it", [
    "bus topics",
    "bus tail order.placed",
    `bus publish stock.changed '{"productId":1}'`,
    "bus dead order.placed",
    "bus replay order.placed --dead",
  ]);
  const sub = (nameAndArguments: string, description: string) =>
    bus.command(nameAndArguments).description(description).addOption(dataOption()).addOption(jsonOption());
  const load = () => import("./bus.ts");
  sub("topics", "topics with their subscriptions and lag").action((options) =>
    run(async () => (await load()).topics(options)),
  );
  sub("tail <topic>", "events as they come, until Ctrl-C")
    .option(
      "--from <offset|time>",
      "begin there instead of now: an offset, an RFC 3339 time, or a duration ago (10m)",
    )
    .option("--limit <n>", "end after this many events", positiveNumber)
    .action((topic: string, options) => run(async () => (await load()).tail(topic, options)));
  sub("publish <topic> <data>", "publish an event; data is JSON, @file reads it from a file")
    .option("--key <key>", "events with the same key are delivered in order")
    .option("--subject <subject>", "what the event is about")
    .action((topic: string, data: string, options) =>
      run(async () => (await load()).publish(topic, data, options)),
    );
  sub("dead <topic>", "events that no delivery could get through")
    .option("--limit <n>", "how many", positiveNumber, 50)
    .option("--subscription <name>", "only of this subscription")
    .option("--purge", "delete them")
    .option("--id <id>", "with --purge, only this event; may be given again", collect, [])
    .action((topic: string, options) => run(async () => (await load()).dead(topic, options)));
  sub("replay <topic>", "deliver again: dead letters, or a subscription from an offset or a time")
    .option("--dead", "the topic's dead letters")
    .option("--id <id>", "with --dead, only this event; may be given again", collect, [])
    .option("--subscription <name>", "the subscription to move; with --dead, only its letters")
    .option("--from <offset|time>", "where to: an offset, an RFC 3339 time, or a duration ago (10m)")
    .action((topic: string, options) => run(async () => (await load()).replay(topic, options)));
}

function describeTelemetry(command: Declare, run: Run): void {
  command("top", "rates, errors, latencies, load: live, until q or Ctrl-C", ["top", "top --json | jq .nodes"])
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options) => run(async () => (await import("./metrics.ts")).top(options)));
  command("metrics", "the same once: the last ten seconds", ["metrics", "metrics --json | jq .edges"])
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options) => run(async () => (await import("./metrics.ts")).metrics(options)));
  command("traces", "recent traces, newest first", [
    "traces",
    "traces --status error",
    "traces --service orders --slower 100 --since 10m",
  ])
    .option("--service <name>", "that have a span of this service")
    .option("--route <route>", "of this route, as the topology writes it")
    .addOption(new Option("--status <status>", "that ended so").choices(["ok", "error"]))
    .option("--slower <ms>", "that took at least this many milliseconds", positiveNumber)
    .option("--attribute <name=value>", "that have a span with this attribute")
    .option("--since <moment>", "that began not before: a duration ago (10m) or a time")
    .option("--until <moment>", "that began not after")
    .option("-n, --limit <n>", "how many", positiveNumber, 30)
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options) => run(async () => (await import("./traces.ts")).traces(options)));
  command("trace", "one trace as a waterfall, with its logs", [
    "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "trace 4bf92f",
  ])
    .argument("<id>", "a trace id, or its beginning")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((id: string, options) => run(async () => (await import("./traces.ts")).trace(id, options)));
  command("graph", "who may call whom, as Mermaid or DOT", [
    "graph --mermaid",
    "graph --dot | dot -Tsvg",
    "graph --file topology.yaml",
  ])
    .addOption(new Option("--mermaid", "Mermaid, which Markdown viewers draw (default)").conflicts("dot"))
    .option("--dot", "Graphviz")
    .option("--file <file>", "of a topology file instead of a run")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((options) => run(async () => (await import("./graph.ts")).graph(options)));
}

function describeRecordings(command: Declare, run: Run): void {
  command("export", "write a run, going on or ended, into one file", [
    "export",
    "export -o before.microcosm",
    "export --data /tmp/shop --json",
  ])
    .option("-o, --output <file>", "where to; - for standard output (default: the run's name and the time)")
    .option("--force", "replace the file if it is there")
    .addOption(
      new Option(
        "--data <dir>",
        "the run's data directory (default: the only run there is, or .microcosm here)",
      ),
    )
    .addOption(jsonOption())
    .action((options) => run(async () => (await import("./export.ts")).exportCommand(options)));
  command("open", "the dashboard on an exported run, until Ctrl-C", [
    "open before.microcosm",
    "open before.microcosm after.microcosm --port 0",
  ])
    .argument("<file...>", "exported runs: the first is shown, the others can be compared with it")
    .option("--port <n>", "of the dashboard, 0 for any free one", portNumber, 9901)
    .option("--json", "print one JSON line when it is open, and nothing else")
    .action((files: string[], options) => run(async () => (await import("./open.ts")).open(files, options)));
  command("compare", "two runs side by side: what changed most comes first", [
    "compare before.microcosm after.microcosm",
    "compare before.microcosm .microcosm --from 10s --for 1m",
    "compare before.microcosm after.microcosm --json | jq '.rows[0]'",
  ])
    .argument("<a>", "an exported run, or the data directory of a run")
    .argument("<b>", "the other one")
    .option("--from <duration>", "only from this long after each run's start")
    .option("--for <duration>", "only this long")
    .option("--all", "also what hardly changed")
    .addOption(jsonOption())
    .action((a: string, b: string, options) =>
      run(async () => (await import("./compare.ts")).compare(a, b, options)),
    );
}

function describeAuthoring(command: Declare, context: CliContext, run: Run): void {
  command("validate", "check a topology file and say all that is wrong with it", [
    "validate",
    "validate my.yaml --json",
  ])
    .argument("[file]", "topology file", "topology.yaml")
    .addOption(jsonOption())
    .action((file: string, options) =>
      run(async () => (await import("./validate.ts")).validate(file, options)),
    );
  command("init", "make a new topology with one service that runs and whose test passes", ["init my-shop"])
    .argument("[directory]", "where", ".")
    .option("--name <name>", "the topology's name (default: the directory's)")
    .action((directory: string, options) =>
      run(async () => (await import("./init-command.ts")).init(directory, options)),
    );
  command("test", "run the tests of a topology's services", ["test", "test services/hello"])
    .argument("[paths...]", "files or folders (default: all)")
    .action((paths: string[]) => run(async () => (await import("./test.ts")).test(paths, context)));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new MicrocosmError(
      "bad-request",
      `"${text}" is not a port: expected a whole number from 0 to 65535.`,
    );
  }
  return port;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new MicrocosmError("bad-request", `"${text}" is not a whole number above 0.`);
  }
  return value;
}

function collect(value: string, all: readonly string[]): string[] {
  return [...all, value];
}
