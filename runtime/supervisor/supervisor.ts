import { MicrocosmError } from "../../sdk/errors.ts";
import { type Clock, type Random, systemClock, systemRandom } from "../clock.ts";
import type { InstanceInfo, LogLine } from "../control/api.ts";
import { MemoryRegistry } from "../registry/memory-registry.ts";
import type { Registry } from "../registry/registry.ts";
import type { Topology } from "../topology/model.ts";
import type { Transport } from "../transport/transport.ts";
import { ControlLinks } from "./control-links.ts";
import { Fleet } from "./fleet.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import { Instance } from "./instance.ts";
import type { Launcher } from "./launcher.ts";
import { isOfLogger, parseLogLine } from "./log-line.ts";
import { LogStore } from "./logs.ts";
import { checkPortFree, findFreePort } from "./port-check.ts";
import { RunDirectory } from "./run-directory.ts";
import type { ServiceGroup } from "./service-group.ts";

export interface SupervisorOptions {
  readonly topology: Topology;
  readonly launcher: Launcher;
  readonly transport: Transport;
  /** Made when missing. */
  readonly dataDirectory: string;
  readonly mode: "processes" | "monolith";
  /** Microcosm's own version, shown as that of the built-in workers. */
  readonly version: string;
  /** In place of the topology's; 0 for any free one. */
  readonly gatewayPort?: number | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** An instance entered another state. Must not throw. */
  readonly changed?: (instance: InstanceInfo) => void;
  /** An instance is gone for good: its service was scaled down. Must not throw. */
  readonly removed?: (id: string) => void;
  /** Somebody did something to a service or an instance: `scale catalog to 3`. Must not throw. */
  readonly acted?: (action: { text: string; service: string; instance?: string }) => void;
  /** A line that the observer has from nobody else: the supervisor's own, or written beside a worker's logger. Must not throw. */
  readonly untold?: (line: LogLine) => void;
}

export interface Ready {
  /** `http://127.0.0.1:8080`. */
  readonly gateway: string;
  /** From `start` to the last instance settled. */
  readonly bootMs: number;
  readonly instances: readonly InstanceInfo[];
  /** Those that are not ready: crash-looping, or waiting for one that is. */
  readonly down: readonly InstanceInfo[];
}

interface OpenRun {
  readonly directory: RunDirectory;
  readonly logs: LogStore;
  readonly links: ControlLinks;
  readonly fleet: Fleet;
}

/**
 * The control plane: starts and watches all instances of a topology and is the registry's only writer. Life cycle:
 * `open` takes the data directory, `start` brings everything up, `stop` drains everything.
 */
export class Supervisor {
  readonly topology: Topology;
  readonly mode: "processes" | "monolith";
  readonly registry: Registry = new MemoryRegistry();
  readonly startedAt: number;
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #heartbeats: HeartbeatMonitor;
  /** Set by `open`. */
  #open: OpenRun | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.topology = options.topology;
    this.mode = options.mode;
    this.startedAt = this.#clock.now();
    this.#heartbeats = new HeartbeatMonitor({
      config: this.topology.supervisor,
      clock: this.#clock,
      instances: () => this.#open?.fleet.instances() ?? [],
    });
  }

  /** Takes the data directory and listens for workers. Throws `already-running`, `data-unwritable`, `port-in-use`. */
  async open(): Promise<void> {
    if (this.#open !== undefined) return;
    const { transport, dataDirectory } = this.#options;
    const { gateway, services } = this.topology;
    const names = ["supervisor", "gateway", "broker", "observer", ...Object.keys(services)];
    const directory = await RunDirectory.open({
      dataDirectory,
      longestName: `${names.reduce((a, b) => (b.length > a.length ? b : a))}-999`,
      sockets: this.mode === "processes",
    });
    const links = new ControlLinks({
      transport,
      address: directory.address("supervisor"),
      registry: this.registry,
      instance: (id) => this.#open?.fleet.find(id),
      log: (level, message) => this.log(level, message),
    });
    try {
      // Before anything is started: a gateway that finds its port taken would only crash-loop.
      if (this.#configuredPort() !== 0) checkPortFree(gateway.host, this.#configuredPort());
      await links.start();
    } catch (error) {
      await directory.close();
      throw error;
    }
    const logs = new LogStore({ directory: directory.logs, untold: this.#options.untold });
    this.#open = { directory, logs, links, fleet: this.#fleet(directory, logs, links) };
  }

  /** Brings everything up; resolves when each instance is ready or known to stay down. */
  async start(): Promise<Ready> {
    await this.open();
    const startedAt = this.#clock.now();
    this.#heartbeats.start();
    await this.#opened().fleet.start((service, by) => {
      this.log("error", `${service} is not started: it requires ${by.join(", ")}`);
    });
    const instances = this.instances();
    return {
      gateway: this.gatewayUrl,
      bootMs: this.#clock.now() - startedAt,
      instances,
      down: instances.filter((instance) => instance.state !== "ready"),
    };
  }

  /** Drains everything; bounded by three times the drain timeout and a little. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** The absolute data directory. */
  get dataDirectory(): string {
    return this.#opened().directory.dataDirectory;
  }

  /** `<data>/run`. */
  get runDirectory(): string {
    return this.#opened().directory.path;
  }

  get logs(): LogStore {
    return this.#opened().logs;
  }

  get gatewayUrl(): string {
    const { host } = this.topology.gateway;
    const port = this.#open?.fleet.gatewayPort ?? this.#configuredPort();
    const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
  }

  instances(): InstanceInfo[] {
    return [...this.#opened().fleet.instances()].map((instance) => instance.info());
  }

  /** Resolves with the service's instances when the new ones are settled and those too many are gone. */
  async scale(service: string, count: number): Promise<InstanceInfo[]> {
    const group = this.#opened().fleet.group(service);
    if (service === "broker" && count > 1) {
      throw new MicrocosmError("bad-request", "There is one broker: its log is one file.");
    }
    if (service === "observer" && count > 1) {
      throw new MicrocosmError("bad-request", "There is one observer: what it knows is one file.");
    }
    if (service === "gateway" && count > 1 && this.topology.gateway.instances === 1) {
      throw new MicrocosmError(
        "bad-request",
        "The gateway's port belongs to one process. Write gateway.instances: 2 or more into the topology and start again.",
      );
    }
    this.log("info", `${service} is scaled to ${count}`);
    this.#options.acted?.({ text: `scale ${service} to ${count}`, service });
    await group.scale(count);
    return group.instances.map((instance) => instance.info());
  }

  /** `target` is a service or an instance. Of a service: one instance after the other. */
  restart(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, ["restart", "is restarted"], {
      group: (group) => group.restart(),
      one: (group, instance) => group.restartOne(instance),
    });
  }

  stopInstances(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, ["stop", "is stopped"], {
      group: (group) => group.stop(),
      one: (group, instance) => group.stopOne(instance),
    });
  }

  /** Also revives what is in a crash loop. */
  startInstances(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, ["start", "is started"], {
      group: (group) => group.start(),
      one: (group, instance) => group.startOne(instance),
    });
  }

  /** SIGKILL, without a drain: a rehearsed failure. It comes back as after any other death. */
  kill(id: string): InstanceInfo {
    const instance = this.#instance(id);
    this.log("warn", `${id} is killed on demand`);
    this.#options.acted?.({ text: `kill ${id}`, service: instance.service, instance: id });
    instance.kill();
    return instance.info();
  }

  /** SIGSTOP: a rehearsed hang. It is replaced once it has missed its beats, unless it is thawed before. */
  freeze(id: string): InstanceInfo {
    return this.#hold(id, "freeze", "SIGSTOP");
  }

  /** SIGCONT: it goes on where it was. */
  thaw(id: string): InstanceInfo {
    return this.#hold(id, "thaw", "SIGCONT");
  }

  /** Whether `target` names a service, an instance, or nothing (undefined). */
  kindOf(target: string): "service" | "instance" | undefined {
    const { fleet } = this.#opened();
    if (fleet.has(target)) return "service";
    return fleet.find(target) === undefined ? undefined : "instance";
  }

  /** A line of the supervisor's own in the logs. */
  log(level: LogLine["level"], message: string): void {
    const at = this.#clock.now();
    this.#open?.logs.write({ at, service: "supervisor", instance: "supervisor", level, message });
  }

  #hold(id: string, verb: "freeze" | "thaw", signal: "SIGSTOP" | "SIGCONT"): InstanceInfo {
    const instance = this.#instance(id);
    if (!instance.hold(signal)) {
      throw new MicrocosmError("bad-request", `There is no process of its own behind ${id} to ${verb}.`);
    }
    this.log("warn", `${id} gets ${signal} on demand`);
    this.#options.acted?.({ text: `${verb} ${id}`, service: instance.service, instance: id });
    return instance.info();
  }

  #instance(id: string): Instance {
    const { fleet } = this.#opened();
    const instance = fleet.find(id);
    if (instance === undefined) throw fleet.unknown(id);
    return instance;
  }

  async #stop(): Promise<void> {
    if (this.#open === undefined) return;
    const { directory, logs, links, fleet } = this.#open;
    this.log("info", "the run is ending");
    await fleet.stop();
    this.#heartbeats.stop();
    await links.stop();
    await logs.stop();
    await directory.close();
  }

  #fleet(directory: RunDirectory, logs: LogStore, links: ControlLinks): Fleet {
    const { topology, version, launcher, changed, removed } = this.#options;
    const noted: Launcher = {
      feelsPulse: launcher.feelsPulse,
      launch: (spec, output) => {
        const worker = launcher.launch(spec, output);
        if (this.mode === "processes") directory.notePid(spec.instance, worker.pid);
        if (worker.pipes !== undefined) links.adopt(worker.pipes);
        return worker;
      },
    };
    return new Fleet({
      context: {
        topology,
        version,
        mayRest: launcher.feelsPulse,
        dataDirectory: directory.dataDirectory,
        controlAddress: directory.address("supervisor"),
        address: (id) => directory.address(id),
      },
      // Several gateways share one port, so that cannot be left to each of them.
      gatewayPort:
        topology.gateway.instances > 1 && this.#configuredPort() === 0
          ? findFreePort(topology.gateway.host)
          : this.#configuredPort(),
      removed: (id) => {
        this.registry.remove(id);
        removed?.(id);
      },
      create: (blueprint) => {
        const source = { service: blueprint.service, instance: blueprint.id };
        const instance: Instance = new Instance({
          ...blueprint,
          config: topology.supervisor,
          launcher: noted,
          clock: this.#clock,
          random: this.#random,
          publish: (record) => {
            this.registry.put(record);
            changed?.(instance.info());
          },
          output: (stream, text) => {
            const line = parseLogLine(source, stream, text, this.#clock.now());
            logs.write(line, isOfLogger(stream, text, line));
          },
          log: (level, message) => this.log(level, message),
        });
        return instance;
      },
    });
  }

  async #act(
    target: string,
    [verb, what]: readonly [verb: string, what: string],
    act: {
      group: (group: ServiceGroup) => Promise<void>;
      one: (group: ServiceGroup, instance: Instance) => Promise<void>;
    },
  ): Promise<InstanceInfo[]> {
    const { fleet } = this.#opened();
    const instance = fleet.has(target) ? undefined : fleet.find(target);
    const group = fleet.group(instance?.service ?? target);
    this.log("info", `${target} ${what}`);
    this.#options.acted?.({
      text: `${verb} ${target}`,
      service: group.name,
      ...(instance === undefined ? {} : { instance: instance.id }),
    });
    await (instance === undefined ? act.group(group) : act.one(group, instance));
    return (instance === undefined ? group.instances : [instance]).map((one) => one.info());
  }

  #configuredPort(): number {
    return this.#options.gatewayPort ?? this.topology.gateway.port;
  }

  #opened(): OpenRun {
    if (this.#open === undefined) throw new MicrocosmError("internal", "the supervisor is not open yet");
    return this.#open;
  }
}
