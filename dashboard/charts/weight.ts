import type { TimelineEntry } from "../../runtime/telemetry/query.ts";

export type Weight = "action" | "fall" | "change";

/** What an entry is to a reader: something that was done, something that went down, or a step on the way. */
export function weightOf({ kind, detail, text }: TimelineEntry): Weight {
  if (kind !== "state") return "action";
  const to = String(detail?.to ?? text.split("→").pop()?.trim() ?? "");
  return ["backoff", "crash-loop", "unhealthy"].includes(to) ? "fall" : "change";
}
