import { BrokerClient } from "../runtime/bus/client.ts";
import { MeshClient } from "../runtime/calls/client.ts";
import { systemClock, systemRandom } from "../runtime/clock.ts";
import type { InstanceInfo, LogLine } from "../runtime/control/api.ts";
import { LiveFeed } from "../runtime/control/live-feed.ts";
import { graphOf, type TelemetryAccess } from "../runtime/control/routes/telemetry.ts";
import { ControlServer } from "../runtime/control/server.ts";
import { SupervisorTelemetry } from "../runtime/control/supervisor-telemetry.ts";
import { Timeline } from "../runtime/control/timeline.ts";
import { RegistryView } from "../runtime/registry/view.ts";
import { InProcessLauncher } from "../runtime/supervisor/in-process-launcher.ts";
import type { Launcher } from "../runtime/supervisor/launcher.ts";
import { ProcessLauncher } from "../runtime/supervisor/process-launcher.ts";
import { type Ready, Supervisor } from "../runtime/supervisor/supervisor.ts";
import { ObserverClient } from "../runtime/telemetry/observer/client.ts";
import type { Topology } from "../runtime/topology/model.ts";
import type { Peer, Transport } from "../runtime/transport/transport.ts";
import { dashboardFiles } from "./dashboard.ts";
import { processExporter } from "./export-process.ts";
import { RunRecorder } from "./run-recorder.ts";
import { version } from "./version.ts";

export interface RunSettings {
  readonly topology: Topology;
  /** Starts this program again, for workers. */
  readonly command: readonly string[];
  readonly dataDirectory: string;
  readonly mode: "processes" | "monolith";
  readonly gatewayPort: number | undefined;
  readonly controlPort: number;
  readonly changed: (instance: InstanceInfo) => void;
  readonly log: (line: LogLine) => void;
  /** Somebody asked for the end through the control API. */
  readonly down: () => void;
}

export interface StartedRun {
  readonly control: string;
  /** Opens the dashboard; has the token. */
  readonly dashboard: string;
  readonly ready: Promise<Ready>;
  /** Drains everything and ends it. */
  stop(): Promise<void>;
}

/** The control plane's process: the supervisor, and beside it the control API with clients of the mesh and the bus. */
export async function startRun(settings: RunSettings): Promise<StartedRun> {
  let own: SupervisorTelemetry | undefined;
  const { transport, launcher } = await workersOf(settings, () => own?.count("mended"));
  const timeline = new Timeline(systemClock);
  const supervisor = new Supervisor({
    topology: settings.topology,
    launcher,
    transport,
    dataDirectory: settings.dataDirectory,
    mode: settings.mode,
    version,
    gatewayPort: settings.gatewayPort,
    changed: (instance) => {
      timeline.state(instance);
      settings.changed(instance);
    },
    removed: (id) => timeline.removed(id),
    acted: (action) => timeline.action(action),
    untold: (line) => own?.take(line),
  });
  await supervisor.open();
  const record = new RunRecorder(supervisor, timeline);
  const management = connectManagement(supervisor, transport, timeline);
  own = management.own;
  record.begin();
  const control = new ControlServer({
    supervisor,
    mesh: management.mesh,
    broker: management.broker,
    telemetry: management.telemetry,
    recorder: management.own?.recorder,
    pages: dashboardFiles,
    port: settings.controlPort,
    exporter:
      management.telemetry === undefined
        ? undefined
        : processExporter(settings.command, supervisor.dataDirectory),
    acted: (action) => timeline.action(action),
    down: settings.down,
  });
  const stop = async () => {
    await control.stop();
    await management.stop();
    record.end();
    await supervisor.stop();
    await own?.stop();
  };
  try {
    void tell(supervisor.logs.follow({ level: "notice" }), settings.log);
    await control.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { control: control.url, dashboard: control.link, ready: supervisor.start(), stop };
}

/** `mended` hears of lines of theirs that were no UTF-8. */
async function workersOf(settings: RunSettings, mended: () => void): Promise<Workers> {
  const { transport, launcher } = await placesOf(settings, mended);
  if (!import.meta.url.includes("$bunfs")) return { transport, launcher };
  const { preferCompiledTwins } = await import("./compiled-twins.ts");
  return { transport, launcher: preferCompiledTwins(launcher) };
}

interface Workers {
  readonly transport: Transport;
  readonly launcher: Launcher;
}

async function placesOf({ mode, command }: RunSettings, mended: () => void): Promise<Workers> {
  if (mode === "processes") {
    const { UnixTransport } = await import("../runtime/transport/unix.ts");
    return { transport: new UnixTransport(), launcher: new ProcessLauncher({ command, mended }) };
  }
  const [{ MemoryTransport }, { hostWorker }, { roleOf }] = await Promise.all([
    import("../runtime/transport/memory.ts"),
    import("../runtime/worker/host.ts"),
    import("./roles.ts"),
  ]);
  const transport = new MemoryTransport();
  const launcher = new InProcessLauncher((spec, output) => hostWorker(spec, roleOf, transport, output));
  return { transport, launcher };
}

/** The supervisor as a client of its own run: for `microcosm call` and `microcosm bus`, not for the run's traffic. */
function connectManagement(supervisor: Supervisor, transport: Transport, timeline: Timeline) {
  const self: Peer = { service: "supervisor", instance: "supervisor", generation: 1 };
  const clock = systemClock;
  const random = systemRandom;
  const view = new RegistryView({ clock });
  view.apply(supervisor.registry.snapshot());
  supervisor.registry.watch((delta) => {
    if (!view.applyDelta(delta)) view.apply(supervisor.registry.snapshot());
  });
  const services = Object.keys(supervisor.topology.services);
  const { enabled } = supervisor.topology.telemetry;
  const own = enabled ? new SupervisorTelemetry({ self, transport, view, clock }) : undefined;
  own?.start();
  const mesh = new MeshClient({
    self,
    transport,
    view,
    uses: [],
    services,
    balancers: {},
    clock,
    random,
    recorder: own?.recorder,
  });
  const locate = (service: string) => async (deadline: number) => {
    await view.waitReady(service, deadline);
    return view.ready(service)[0]?.address ?? "";
  };
  const broker = new BrokerClient({ transport, self, locate: locate("broker"), clock, random });
  const observer = new ObserverClient({ transport, self, locate: locate("observer"), clock });
  const skipped = () => own?.count("updates");
  const telemetry = enabled ? watchRun(supervisor, observer, timeline, skipped) : undefined;
  /** All but `own`, which has more to tell until the observer ends. */
  const stop = async () => {
    await Promise.all([mesh.stop(), broker.stop(), observer.stop()]);
  };
  return { mesh, broker, telemetry, own, stop };
}

function watchRun(
  supervisor: Supervisor,
  observer: ObserverClient,
  timeline: Timeline,
  skipped: () => void,
): TelemetryAccess {
  timeline.listen((entry) => observer.note(entry));
  const instances = () => supervisor.instances();
  const feed = new LiveFeed({
    graph: () => graphOf(observer, instances),
    timeline: (told) => timeline.listen(told),
    clock: systemClock,
    skipped,
  });
  return { observer, feed, instances };
}

/** Until the supervisor's logs close. */
async function tell(lines: AsyncIterable<LogLine>, log: (line: LogLine) => void): Promise<void> {
  for await (const line of lines) log(line);
}
