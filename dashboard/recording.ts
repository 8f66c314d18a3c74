import { computed, signal } from "@preact/signals";
import type { RecordingInfo, RunInfo } from "../runtime/control/api.ts";
import type { LiveGraph } from "../runtime/telemetry/query.ts";
import { api, get, withQuery } from "./api.ts";
import { connection, graph, instances, run } from "./live.ts";

/** What is shown is the recording of a run, and nothing can be done. Undefined for a run that goes on. */
export const recording = computed<RecordingInfo | undefined>(() => run.value?.recording);

/** The moment of the recording that the map shows; undefined is its end. Milliseconds since the epoch. */
export const moment = signal<number | undefined>(undefined);

/** The end of all ranges "until now": of a recording, its own end. */
export function now(): number {
  return recording.value?.to ?? Date.now();
}

/** Moments are asked for in steps of this, which the telemetry has. */
export const momentStepMs = 1000;

/**
 * Fills the signals of live.ts with what the recording says of the moment, again whenever it changes. Never two questions at
 * once: what was chosen meanwhile is asked for next, and what lies between is left out.
 */
export function startReplay(info: RunInfo): () => void {
  const gone = new AbortController();
  let asked: number | undefined;
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    while (!gone.signal.aborted && asked !== momentOf(info)) {
      asked = momentOf(info);
      try {
        const [seen, known] = await Promise.all([
          get<LiveGraph>(withQuery("/api/telemetry/graph", { at: asked }), gone.signal),
          api.instances(asked, gone.signal),
        ]);
        graph.value = seen;
        instances.value = known;
        connection.value = "live";
      } catch {
        if (!gone.signal.aborted) connection.value = "lost";
      }
    }
    busy = false;
  };
  const stop = moment.subscribe(() => void look());
  return () => {
    gone.abort();
    stop();
  };
}

export function momentOf({ recording: recorded, startedAt }: RunInfo): number {
  return moment.value ?? recorded?.to ?? startedAt;
}
