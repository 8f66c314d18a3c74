import { systemClock, systemRandom } from "../clock.ts";
import type { Transport } from "../transport/transport.ts";
import { JsonLogger } from "./logger.ts";
import { recordLogs } from "./log-records.ts";
import type { Role } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";
import { Worker } from "./worker.ts";
import { recorderOf } from "./worker-telemetry.ts";

/**
 * A worker as an object in this process, for monolith mode. Signals, console and uncaught errors stay the process's
 * own. Resolves when it is ready, or failed and over.
 */
export async function hostWorker(
  spec: WorkerSpec,
  roleOf: (spec: WorkerSpec) => Promise<Role>,
  transport: Transport,
  output: (stream: "stdout" | "stderr", line: string) => void,
): Promise<Worker> {
  const clock = systemClock;
  const begun = performance.now();
  const log = new JsonLogger((line) => output("stdout", line), clock.now);
  const recorder = recorderOf(spec, systemRandom);
  if (recorder !== undefined) log.tap = recordLogs(recorder);
  const worker = new Worker({
    spec,
    roleOf,
    transport,
    log,
    clock,
    random: systemRandom,
    elapsedMs: () => performance.now() - begun,
    recorder,
  });
  await worker.start();
  return worker;
}
