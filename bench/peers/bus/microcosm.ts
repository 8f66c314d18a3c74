import { type BusSide, startMicrocosm } from "../../bus/side.ts";
import { microcosmVersion, type Side } from "../side.ts";

export const microcosm: Side<BusSide> = {
  name: "Microcosm",
  does: "on disk: fsync before the acknowledgement; in memory: publishes and deliveries are acknowledged",
  config: "topics `disk` (retention 512 MiB) and `memory`, limits as they come",
  version: microcosmVersion,
  start: startMicrocosm,
};
