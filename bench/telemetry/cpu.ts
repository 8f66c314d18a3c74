import { readdirSync, readFileSync } from "node:fs";

/**
 * The CPU time of processes, to the nanosecond, between two looks: of all their threads, as the scheduler counts it
 * (Linux, /proc/pid/task/tid/schedstat). What a thread used that ended in between is not in it.
 */
export class CpuWatch {
  readonly #pids: readonly number[];
  #before: ReadonlyMap<string, number>;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#before = this.#look();
  }

  /** Microseconds since the last time. */
  takeUs(): number {
    const now = this.#look();
    let ns = 0;
    for (const [thread, used] of now) ns += used - (this.#before.get(thread) ?? 0);
    this.#before = now;
    return ns / 1000;
  }

  #look(): ReadonlyMap<string, number> {
    const used = new Map<string, number>();
    for (const pid of this.#pids) {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        try {
          const [ns = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
          used.set(thread, Number(ns));
        } catch {
          // ended meanwhile
        }
      }
    }
    return used;
  }
}
