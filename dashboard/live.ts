import { signal } from "@preact/signals";
import type { InstanceInfo, RunInfo } from "../runtime/control/api.ts";
import type { LiveGraph, TimelineEntry } from "../runtime/telemetry/query.ts";
import { api } from "./api.ts";

export type Connection = "connecting" | "live" | "lost";

/** The newest graph; the one before is forgotten, so nothing grows however long the page is open. */
export const graph = signal<LiveGraph | undefined>(undefined);
/** Instances by the supervisor: there also when telemetry is off or its observer is down. */
export const instances = signal<readonly InstanceInfo[] | undefined>(undefined);
/** What happened since the page was opened, newest last; the Timeline page asks for the rest. */
export const recent = signal<readonly TimelineEntry[]>([]);
/** Rises when `recent` may not have all that happened: who shows the timeline asks for it again. */
export const missed = signal(0);
export const connection = signal<Connection>("connecting");
/** When the run last answered. Milliseconds since the epoch. */
export const answeredAt = signal<number | undefined>(undefined);
export const run = signal<RunInfo | undefined>(undefined);

const maxRecent = 200;
/** What has happened when a stream opens is in the observer's file by then. */
const writtenAfterMs = 2000;
const instancesEveryMs = 1000;

/**
 * Connects the signals above to the run. The server keeps one graph for a slow reader and this page keeps one too. A page
 * in the background hears nothing: it closes its connection, and opens it again when it is looked at.
 */
export function startLive(): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let wasOpen = false;
  let heard = 0;
  const miss = () => {
    missed.value++;
  };

  const open = () => {
    if (source !== undefined || document.hidden || stopped) return;
    source = new EventSource("/api/telemetry/live");
    // The browser opens a lost stream again by itself, and says so by this event only.
    source.addEventListener("open", () => {
      if (wasOpen) miss();
      wasOpen = true;
      clearTimeout(written);
      written = setTimeout(miss, writtenAfterMs);
    });
    source.addEventListener("graph", (event) => {
      graph.value = JSON.parse((event as MessageEvent<string>).data) as LiveGraph;
    });
    source.addEventListener("timeline", (event) => {
      const entry = JSON.parse((event as MessageEvent<string>).data) as TimelineEntry;
      recent.value = [...recent.value.slice(1 - maxRecent), entry];
      // Asked for before those of the last time leave the list.
      if (++heard % (maxRecent / 2) === 0) miss();
      void look();
    });
    // An answer that is no event stream (telemetry is off) closes it for good; a lost connection is opened again.
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) source = undefined;
    });
  };
  const close = () => {
    clearTimeout(written);
    source?.close();
    source = undefined;
  };

  const look = async () => {
    try {
      instances.value = await api.instances();
      answeredAt.value = Date.now();
      if (connection.value !== "live") {
        run.value = await api.run();
        connection.value = "live";
      }
    } catch {
      connection.value = "lost";
    }
  };
  const tick = async () => {
    if (!document.hidden) {
      open();
      await look();
    }
    if (!stopped) timer = setTimeout(tick, instancesEveryMs);
  };
  const seen = () => {
    if (document.hidden) close();
    else open();
  };
  document.addEventListener("visibilitychange", seen);
  void tick();
  return () => {
    stopped = true;
    clearTimeout(timer);
    close();
    document.removeEventListener("visibilitychange", seen);
  };
}
