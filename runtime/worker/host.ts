import { systemClock, systemRandom } from "../clock.ts";
import type { Transport } from "../transport/transport.ts";
import { JsonLogger } from "./logger.ts";
import type { Role } from "./role.ts";
import type { WorkerSpec } from "./spec.ts";
import { Worker } from "./worker.ts";

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
  const worker = new Worker({
    spec,
    roleOf,
    transport,
    log: new JsonLogger((line) => output("stdout", line), clock.now),
    clock,
    random: systemRandom,
    elapsedMs: () => performance.now() - begun,
  });
  await worker.start();
  return worker;
}
