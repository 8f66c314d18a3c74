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

  /** Microseconds since the last time, by the threads' names; a process's first thread is `main`. */
  takeUs(): ReadonlyMap<string, number> {
    const now = this.#look();
    const taken = new Map<string, number>();
    for (const [thread, used] of now) {
      const us = (used - (this.#before.get(thread) ?? 0)) / 1000;
      const name = thread.slice(thread.indexOf(" ") + 1);
      taken.set(name, (taken.get(name) ?? 0) + us);
    }
    this.#before = now;
    return taken;
  }

  /** Nanoseconds by id and name. */
  #look(): ReadonlyMap<string, number> {
    const used = new Map<string, number>();
    for (const pid of this.#pids) {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        try {
          const of = (file: string) => readFileSync(`/proc/${pid}/task/${thread}/${file}`, "utf8");
          const [ns = "0"] = of("schedstat").split(" ");
          used.set(`${thread} ${Number(thread) === pid ? "main" : of("comm").trim()}`, Number(ns));
        } catch {
          // ended meanwhile
        }
      }
    }
    return used;
  }
}
