import type { WorkerSpec } from "../worker/spec.ts";

export interface ExitInfo {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A started worker. */
export interface LaunchedWorker {
  /** The supervisor's own pid in monolith mode. */
  readonly pid: number;
  readonly exited: Promise<ExitInfo>;
  /** SIGTERM asks, SIGKILL takes. In monolith mode both stop the worker object. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** SIGSTOP holds it where it is, SIGCONT lets it go on. Absent in monolith mode: there is no process of its own. */
  readonly hold?: (signal: "SIGSTOP" | "SIGCONT") => void;
}

/** How workers come to life: as processes, or as objects in this process (monolith mode). */
export interface Launcher {
  /** `output` gets each line the worker writes, without the newline. */
  launch(spec: WorkerSpec, output: (stream: "stdout" | "stderr", line: string) => void): LaunchedWorker;
}
