import { portableTopology } from "../../recording/portable-topology.ts";
import { systemClock } from "../../clock.ts";
import type { TelemetryAnswers } from "../../telemetry/observer/answers.ts";
import type { Topology } from "../../topology/model.ts";
import type { RunInfo } from "../api.ts";
import type { ComparableRun } from "./comparable-run.ts";
import { currentRun } from "./model.ts";

/** The run that this control plane belongs to. */
export function liveRun(
  answers: TelemetryAnswers,
  info: () => RunInfo,
  topology: Topology,
  version: string,
): ComparableRun {
  return {
    answers,
    // As recordings have it, so that paths are no difference.
    topology: portableTopology(topology),
    facts: () => {
      const { name, startedAt, mode } = info();
      return {
        id: currentRun,
        name,
        live: true,
        startedAt,
        to: systemClock.now(),
        mode,
        versions: { microcosm: version, bun: Bun.version },
      };
    },
    close: () => {},
  };
}
