import { basename } from "node:path";
import { Hono } from "hono";
import type { Recording } from "../recording/recording.ts";
import type { InstanceInfo, RunInfo } from "./api.ts";
import { bearerOrSession, sameOriginOnly } from "./guard.ts";
import { notFound, problemHandler } from "./problems.ts";
import { comparisonRoutes } from "./routes/comparison.ts";
import { type PageFiles, pageRoutes } from "./routes/pages.ts";
import { recordingOnly, telemetryRoutes } from "./routes/telemetry.ts";
import type { RunLibrary } from "./runs/library.ts";
import { formatMachine } from "./runs/format-machine.ts";
import { answersOf } from "./runs/recorded-run.ts";
import { Session } from "./session.ts";

export interface RecordingAppOptions {
  readonly recording: Recording;
  /** With the recording as its first. */
  readonly library: RunLibrary;
  readonly token: string;
  readonly pages: () => Promise<PageFiles>;
  readonly port: () => number;
  readonly ending: AbortSignal;
  readonly log: (message: string) => void;
}

/** The control API of a run that is over: what can be looked at answers as it did then, and nothing can be done. */
export function createRecordingApp(options: RecordingAppOptions): Hono {
  const { recording, library, token, pages, port, ending } = options;
  const { topology } = recording.header;
  const session = new Session(token, port);
  const instances = (at?: number) => recording.instances(at).map(infoOf);
  const info = runInfo(recording, () => `http://127.0.0.1:${port()}`);
  const api = new Hono()
    .use(bearerOrSession(token, session))
    .get("/run", (c) => c.json(info()))
    .get("/topology", (c) => c.json(topology))
    .get("/instances", (c) => {
      const at = Number(c.req.query("at") ?? Number.NaN);
      return c.json(instances(Number.isFinite(at) ? at : undefined));
    })
    .route("/", comparisonRoutes(library))
    .route("/telemetry", telemetryRoutes({ observer: answersOf(recording), instances }, ending))
    .all("*", () => {
      throw recordingOnly();
    });
  return new Hono()
    .use(sameOriginOnly(port))
    .route("/api", api)
    .route("/", pageRoutes({ files: pages, token, session }))
    .notFound(notFound)
    .onError(problemHandler(options.log));
}

/** Where it ran it has no address and no process any more. */
function infoOf(then: ReturnType<Recording["instances"]>[number]): InstanceInfo {
  return { ...then, state: then.state as InstanceInfo["state"], address: "" };
}

function runInfo({ header, file }: Recording, control: () => string): () => RunInfo {
  const { name, startedAt, mode, to, endedAt, exportedAt, versions, machine, topology } = header;
  return () => ({
    name,
    pid: process.pid,
    startedAt,
    mode,
    gateway: "",
    control: control(),
    dataDirectory: "",
    topologyFile: topology.file ?? "",
    recording: {
      file: basename(file),
      to,
      ...(endedAt === undefined ? {} : { endedAt }),
      exportedAt,
      versions,
      machine: formatMachine(machine),
    },
  });
}
