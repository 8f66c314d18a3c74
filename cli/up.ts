import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { InstanceInfo, LogLine } from "../runtime/control/api.ts";
import { defaultDataDirectory } from "../runtime/control/discovery.ts";
import { formatLogLine } from "./logs.ts";
import { openTopology } from "./open-topology.ts";
import { paint, print, printJson } from "./output.ts";
import { watchAncestors } from "./parent-watch.ts";
import { prepareLater } from "./prepare.ts";
import { keepPrepared } from "./prepared.ts";
import type { CliContext } from "./program.ts";
import { BootProgress, printReady } from "./ready.ts";
import { startRun } from "./run.ts";

export interface UpOptions {
  readonly port?: number;
  readonly controlPort: number;
  readonly data?: string;
  readonly ephemeral?: boolean;
  readonly mode: "processes" | "monolith";
  readonly json?: boolean;
}

/** Runs a topology until Ctrl-C, SIGTERM or `microcosm down`, and returns 0 after a clean drain. */
export async function up(file: string | undefined, options: UpOptions, context: CliContext): Promise<number> {
  const temporary =
    options.ephemeral === true && options.data === undefined
      ? mkdtempSync(join(tmpdir(), "microcosm-"))
      : undefined;
  const stop = stopRequests();
  try {
    const chosen = temporary ?? options.data;
    const opened = await openTopology(file, { data: chosen, json: options.json === true });
    if (opened === undefined) return 1;
    const { topology, directory } = opened;
    const data = resolve(chosen ?? join(directory, defaultDataDirectory));
    const progress = options.json === true ? undefined : new BootProgress();
    const notices = new Notices(options.json === true);
    const prepared = preparation(options, context);
    const run = await startRun({
      topology,
      command: context.command,
      dataDirectory: data,
      mode: options.mode,
      gatewayPort: options.port,
      controlPort: options.controlPort,
      changed: (instance: InstanceInfo) => progress?.changed(instance),
      log: (line) => notices.take(line),
      down: stop.request,
    });
    try {
      const ready = await Promise.race([run.ready, stop.requested]);
      Bun.unsafe.setJITPolicy(1);
      progress?.end();
      if (ready !== undefined) {
        if (options.json === true) {
          const { control, dashboard } = run;
          printJson({ event: "ready", ...ready, control, dashboard });
        } else
          printReady(topology, ready, {
            control: run.control,
            dashboard: run.dashboard,
            data,
            mode: options.mode,
            program: programName(context),
          });
        notices.ready();
        prepared.begin();
        await stop.requested;
      }
      if (options.json !== true) print(paint("dim", "draining…"));
    } finally {
      await prepared.end();
      await run.stop();
    }
    return 0;
  } finally {
    stop.end();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

/** From source: makes the binary that the next start is quicker with. As that binary: keeps it. */
function preparation({ mode }: UpOptions, { root, command }: CliContext) {
  let end: () => void | Promise<void> = () => {};
  const begin = () => {
    if (root === undefined || mode !== "processes" || process.env.MICROCOSM_PREPARED === "off") return;
    end = command.length > 1 ? prepareLater(root) : keepPrepared(process.execPath);
  };
  return { begin, end: async () => await end() };
}

/** A signal so soon after the first is the same one: `bun run` passes on what its whole process group has got already. */
const sameSignalMs = 500;

/** The first request drains; a second Ctrl-C does not wait: workers end with this process. */
function stopRequests() {
  const { promise: requested, resolve: settle } = Promise.withResolvers<undefined>();
  let askedAt: number | undefined;
  const request = () => {
    askedAt ??= performance.now();
    settle(undefined);
  };
  const onSignal = () => {
    if (askedAt !== undefined && performance.now() - askedAt > sameSignalMs) process.exit(130);
    request();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  const unwatch = watchAncestors(request);
  const end = () => {
    unwatch();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  };
  return { requested, request, end };
}

/** What a person must see once. Held back until the table is printed, then told as it comes; to stderr under --json. */
class Notices {
  readonly #json: boolean;
  #held: LogLine[] | undefined = [];

  constructor(json: boolean) {
    this.#json = json;
  }

  take(line: LogLine): void {
    if (line.level === "warn") return;
    if (this.#held === undefined) this.#show(line);
    else this.#held.push(line);
  }

  ready(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const line of held) this.#show(line);
  }

  #show(line: LogLine): void {
    if (this.#json) process.stderr.write(`${JSON.stringify(line)}\n`);
    else print(formatLogLine(withoutStack(line)));
  }
}

/** Stacks are for `microcosm logs`; here they would push the table off the screen. */
function withoutStack(line: LogLine): LogLine {
  if (line.fields?.stack === undefined) return line;
  const { stack: _stack, ...fields } = line.fields;
  return { ...line, fields };
}

/** From a checkout it is started through the package's script; the binary by its name. */
function programName({ root }: CliContext): string {
  return root !== undefined ? "bun run microcosm" : "microcosm";
}
