import type { TimelineTable } from "../telemetry/observer/timeline-table.ts";
import type { RecordingHeader } from "./format.ts";

/** An instance as the timeline tells it. */
export interface InstanceThen {
  readonly id: string;
  readonly service: string;
  readonly role: "service" | "gateway" | "broker" | "observer";
  readonly version: string;
  readonly generation: number;
  readonly state: string;
  readonly restarts: number;
  readonly lastExit?: string;
}

/** The state that an instance is in when it is removed, as when its service is scaled down. */
export const removedState = "removed";

/** Who there was at a moment, from what the timeline says of each until then. */
export function instancesAt(timeline: TimelineTable, header: RecordingHeader, at: number): InstanceThen[] {
  return timeline
    .statesAt(at)
    .flatMap(({ service, instance, detail, text }): InstanceThen[] => {
      if (service === undefined || instance === undefined) return [];
      const state = String(detail?.to ?? text.split(" ").pop() ?? "");
      if (state === removedState) return [];
      const generation = Number(detail?.generation ?? 1);
      const lastExit = detail?.lastExit;
      return [
        {
          id: instance,
          service,
          role: service === "gateway" || service === "broker" || service === "observer" ? service : "service",
          version: header.topology.services[service]?.version ?? header.versions.microcosm,
          generation,
          state,
          restarts: Math.max(0, generation - 1),
          ...(typeof lastExit === "string" ? { lastExit } : {}),
        },
      ];
    })
    .sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
}
