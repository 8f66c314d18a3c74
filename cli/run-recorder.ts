import { systemClock } from "../runtime/clock.ts";
import { changeText, topologyDiff } from "../runtime/comparison/topology-diff.ts";
import type { Timeline } from "../runtime/control/timeline.ts";
import { readRunRecord, recordOf, type RunRecord, writeRunRecord } from "../runtime/recording/run-record.ts";
import type { Supervisor } from "../runtime/supervisor/supervisor.ts";
import { version } from "./version.ts";

/** Changes told one by one in the timeline; a rewritten topology has no end of them. */
const maxChanges = 50;

/** Keeps `<data>/run.json`, and tells the timeline what is another than in the run before. */
export class RunRecorder {
  readonly #supervisor: Supervisor;
  readonly #timeline: Timeline;
  readonly #record: RunRecord;

  constructor(supervisor: Supervisor, timeline: Timeline) {
    this.#supervisor = supervisor;
    this.#timeline = timeline;
    const { topology, mode, startedAt } = supervisor;
    this.#record = recordOf(topology, { mode, startedAt, version });
  }

  begin(): void {
    const before = readRunRecord(this.#supervisor.dataDirectory);
    this.#write(this.#record);
    const { name, topology } = this.#record;
    const changes = before?.name === name ? topologyDiff(before.topology, topology).map(changeText) : [];
    const text =
      changes.length === 0
        ? `${name} started`
        : `${name} started with another topology: ${changes.length === 1 ? changes[0] : `${changes.length} changes`}`;
    this.#timeline.topology(text, changes.slice(0, maxChanges));
  }

  end(): void {
    this.#write({ ...this.#record, endedAt: systemClock.now() });
  }

  /** A run that cannot be exported later is still a run. */
  #write(record: RunRecord): void {
    const { dataDirectory } = this.#supervisor;
    try {
      writeRunRecord(dataDirectory, record);
    } catch (error) {
      this.#supervisor.log("warn", `${dataDirectory}/run.json cannot be written: ${error}`);
    }
  }
}
