import type { WorkerSpec } from "../worker/spec.ts";
import type { ExitInfo, LaunchedWorker, Launcher } from "./launcher.ts";

/** A worker that lives in this process. */
export interface HostedWorker {
  /** Closes all it opened; resolves when that is done. Idempotent. */
  stop(): Promise<void>;
  /** Resolves when the worker ended, by `stop` or by itself. */
  readonly exited: Promise<unknown>;
}

export type WorkerHost = (
  spec: WorkerSpec,
  output: (stream: "stdout" | "stderr", line: string) => void,
) => Promise<HostedWorker>;

/**
 * Monolith mode: workers as objects in the supervisor's process. There is nobody to kill, so both signals stop the
 * worker; one that blocks the event loop blocks everything, which is what a monolith does.
 */
export class InProcessLauncher implements Launcher {
  readonly feelsPulse = false;
  readonly #host: WorkerHost;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  launch(spec: WorkerSpec, output: (stream: "stdout" | "stderr", line: string) => void): LaunchedWorker {
    let taken = false;
    // A tick later: over the in-memory transport the worker would say hello before its launcher has returned.
    const hosted = Promise.resolve().then(() => this.#host(spec, output));
    return {
      pid: process.pid,
      exited: exitOf(hosted, output, () => taken),
      kill: (signal) => {
        taken ||= signal === "SIGKILL";
        // A worker that failed to start has nothing to stop; `exited` tells of it.
        hosted.then(
          (worker) => worker.stop().catch((error) => output("stderr", String(error))),
          () => {},
        );
      },
    };
  }
}

async function exitOf(
  hosted: Promise<HostedWorker>,
  output: (stream: "stdout" | "stderr", line: string) => void,
  taken: () => boolean,
): Promise<ExitInfo> {
  try {
    await (await hosted).exited;
  } catch (error) {
    output("stderr", error instanceof Error ? (error.stack ?? error.message) : String(error));
    return { code: 1, signal: null };
  }
  return taken() ? { code: null, signal: "SIGKILL" } : { code: 0, signal: null };
}
