import { basename } from "node:path";
import type { Recording } from "../../recording/recording.ts";
import type { TelemetryAnswers } from "../../telemetry/observer/answers.ts";
import type { ComparableRun } from "./comparable-run.ts";
import { formatMachine } from "./format-machine.ts";

/** An opened recording. */
export function recordedRun(id: string, recording: Recording, name = recording.file): ComparableRun {
  const { header } = recording;
  return {
    answers: answersOf(recording),
    topology: header.topology,
    facts: () => ({
      id,
      name: header.name,
      file: basename(name),
      live: false,
      startedAt: header.startedAt,
      to: header.to,
      ...(header.endedAt === undefined ? {} : { endedAt: header.endedAt }),
      mode: header.mode,
      versions: header.versions,
      machine: formatMachine(header.machine),
    }),
    close: () => recording.close(),
  };
}

/** The same questions and answers as an observer's, without a link between. */
export function answersOf(recording: Recording): TelemetryAnswers {
  return {
    ask: async (query, params = {}) => ({
      type: "application/json",
      body: new TextEncoder().encode(JSON.stringify(recording.ask(query, params))),
    }),
  };
}
