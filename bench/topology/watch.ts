import { MicrocosmError } from "../../sdk/errors.ts";
import type { LoadResult } from "../load/result.ts";
import { type Bottleneck, findBottleneck } from "./bottleneck.ts";
import { type RunFigures, readFigures } from "./figures.ts";
import { runBehind, type TargetRun } from "./find.ts";
import { type MachineUse, MachineWatch } from "./machine.ts";

/** What the target's own telemetry says of a measurement. */
export interface TargetReport {
  readonly figures: RunFigures;
  readonly machine: MachineUse;
  readonly bottleneck?: Bottleneck;
}

/** Looks at a target from inside while it is loaded, when it is a Microcosm run of this user. */
export class TargetWatch {
  readonly #run: TargetRun | undefined;
  #machine = new MachineWatch();
  #silence: string | undefined;

  private constructor(run: TargetRun | undefined) {
    this.#run = run;
  }

  /** Of what is at this address; of nothing when there is none. */
  static async of(url: string | undefined): Promise<TargetWatch> {
    return new TargetWatch(url === undefined ? undefined : await runBehind(url));
  }

  get run(): TargetRun | undefined {
    return this.#run;
  }

  /** Why the last report of a run is missing. */
  get silence(): string | undefined {
    return this.#silence;
  }

  /** Before a measurement. */
  begin(): void {
    this.#machine = new MachineWatch();
  }

  /** After it. Undefined when the target is no run; and when its telemetry is off or it is gone, then `silence` says so. */
  async report(load: Pick<LoadResult, "measuredAt" | "measuredMs">): Promise<TargetReport | undefined> {
    const machine = this.#machine.use();
    this.#silence = undefined;
    if (this.#run === undefined) return undefined;
    const { name, mode } = this.#run.info;
    const window = { name, mode, fromMs: load.measuredAt, toMs: load.measuredAt + load.measuredMs };
    try {
      const figures = await readFigures(this.#run.control, window);
      const bottleneck = findBottleneck(figures, machine);
      return { figures, machine, ...(bottleneck === undefined ? {} : { bottleneck }) };
    } catch (error) {
      // Telemetry is off, or the run ended under the load: the load's own figures stand without it.
      if (!(error instanceof MicrocosmError)) throw error;
      this.#silence = error.message;
      return undefined;
    }
  }
}
