import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestInfo } from "../../sdk/service.ts";
import { systemClock, systemRandom } from "../clock.ts";
import { UnixTransport } from "../transport/unix.ts";
import { captureConsole } from "./console-capture.ts";
import { LineOutput, type OutputStream } from "./line-output.ts";
import { recordLogs } from "./log-records.ts";
import { JsonLogger } from "./logger.ts";
import { stackOf } from "./problems.ts";
import type { Role } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";
import { Worker } from "./worker.ts";
import { recorderOf } from "./worker-telemetry.ts";

/** Of a process that is not to be trusted any more, so that its last lines reach who reads them. */
const lastWordsMs = 300;

/** This process as the worker that MICROCOSM_WORKER describes. Ends the process when the worker is over. */
export async function runWorker(roleOf: (spec: WorkerSpec) => Promise<Role>): Promise<void> {
  const clock = systemClock;
  const output = new LineOutput(standardOutput(), (count) =>
    JSON.stringify({
      at: clock.now(),
      level: "warn",
      message: `${count} log lines dropped: nobody read them`,
    }),
  );
  const log = new JsonLogger((line) => output.write(line), clock.now);
  const scope = new AsyncLocalStorage<RequestInfo>();
  captureConsole(log, () => scope.getStore());
  let tellRest: () => Promise<void> = async () => {};
  const exit = async (code: number) => {
    const told = tellRest().catch(() => {});
    await Promise.all([output.flush(lastWordsMs), Promise.race([told, Bun.sleep(lastWordsMs)])]);
    process.exit(code);
  };
  const crash = (what: string, error: unknown) => {
    log.error(`${what}; the worker ends`, { stack: stackOf(error) });
    void exit(1);
  };
  process.on("uncaughtException", (error) => crash("Uncaught exception", error));
  process.on("unhandledRejection", (reason) => crash("Unhandled rejection", reason));
  // Ctrl-C goes to all processes of a terminal; the supervisor is the one that decides.
  process.on("SIGINT", () => {});
  const spec = JSON.parse(process.env.MICROCOSM_WORKER ?? "null") as WorkerSpec | null;
  if (spec === null) {
    log.error("MICROCOSM_WORKER is not set: workers are started by `microcosm up`");
    return exit(2);
  }
  const recorder = recorderOf(spec, systemRandom);
  if (recorder !== undefined) log.tap = recordLogs(recorder);
  const worker = new Worker({
    spec,
    roleOf,
    transport: new UnixTransport(),
    log,
    clock,
    random: systemRandom,
    elapsedMs: () => performance.now(),
    busy: () => Bun.unsafe.setJITPolicy(1),
    collectGarbage,
    giveWay,
    recorder,
    scope,
  });
  tellRest = () => worker.tellRest();
  process.on("SIGTERM", () => void worker.drain(spec.supervisor.drainTimeoutMs));
  // A start is kept out of the compiler (main.ts), and so is a service that nobody calls. Work is not.
  void worker.start().finally(() => {
    if (spec.role !== "service") Bun.unsafe.setJITPolicy(1);
  });
  await exit((await worker.exited) === "failed" ? 1 : 0);
}

/** Without `process.stdout`, whose Node streams take every worker 2 MiB. */
function standardOutput(): OutputStream {
  const sink = Bun.stdout.writer();
  return {
    write: (text, done) => {
      sink.write(text);
      // Rejects when the reader is gone: nobody is left to tell then, and the control link says what to do.
      Promise.resolve(sink.flush()).then(done, done);
    },
  };
}

/**
 * Gives memory back as well: of 34 MiB that an observer had after a collection, 14 were free pages. A day's replay takes the same
 * CPU with it.
 */
export function collectGarbage(): void {
  Bun.gc(true);
  Bun.shrink();
}

/** On top of the priority that all of the run has. Enough to come second, too little to be left waiting. */
const secondPlace = 5;

/** Loaded by the one role that asks for it: other workers do without the memory of `node:os`. */
async function giveWay(): Promise<void> {
  const { constants, getPriority, setPriority } = await import("node:os");
  setPriority(Math.min(getPriority() + secondPlace, constants.priority.PRIORITY_LOW));
}
