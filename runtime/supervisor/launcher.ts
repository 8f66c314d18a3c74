import type { Pipes } from "../transport/pipes.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Pulse } from "./pulse.ts";

export interface ExitInfo {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A started worker. */
export interface LaunchedWorker {
  /** The supervisor's own pid in monolith mode. */
  readonly pid: number;
  readonly exited: Promise<ExitInfo>;
  /** Over which its control link comes; where there are none it comes to the control address. */
  readonly pipes?: Pipes;
  /** SIGTERM asks, SIGKILL takes. In monolith mode both stop the worker object. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** SIGSTOP holds it where it is, SIGCONT lets it go on. Absent in monolith mode: there is no process of its own. */
  readonly hold?: (signal: "SIGSTOP" | "SIGCONT") => void;
  /**
   * What can be seen of it without asking; undefined once it is gone. Absent where nothing can: then it is given no
   * rest between its beats.
   */
  readonly pulse?: () => Pulse | undefined;
}

/** How workers come to life: as processes, or as objects in this process (monolith mode). */
export interface Launcher {
  /** Whether its workers have a `pulse`. */
  readonly feelsPulse: boolean;
  /** `output` gets each line the worker writes, without the newline. */
  launch(spec: WorkerSpec, output: (stream: "stdout" | "stderr", line: string) => void): LaunchedWorker;
}
