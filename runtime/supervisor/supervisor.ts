import { MicrocosmError } from "../../sdk/errors.ts";
import { type Clock, type Random, systemClock, systemRandom } from "../clock.ts";
import type { InstanceInfo, LogLine } from "../control/api.ts";
import { MemoryRegistry } from "../registry/memory-registry.ts";
import type { Registry } from "../registry/registry.ts";
import { closest } from "../topology/closest.ts";
import type { Topology } from "../topology/model.ts";
import type { Transport } from "../transport/transport.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import { ControlLinks } from "./control-links.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import { Instance } from "./instance.ts";
import type { Launcher } from "./launcher.ts";
import { parseLogLine } from "./log-line.ts";
import { LogStore } from "./logs.ts";
import { checkPortFree } from "./port-check.ts";
import { RunDirectory } from "./run-directory.ts";
import { ServiceGroup } from "./service-group.ts";
import {
  brokerSpec,
  gatewaySpec,
  type InstancePlace,
  type SpecContext,
  serviceSpec,
} from "./worker-specs.ts";

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
  readonly #groups = new Map<string, ServiceGroup>();
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
      instances: () => this.#all(),
    });
  }

  /** Takes the data directory and listens for workers. Throws `already-running`, `data-unwritable`, `port-in-use`. */
  async open(): Promise<void> {
    if (this.#open !== undefined) return;
    const { gateway, services } = this.topology;
    // Before anything is started: a gateway that finds its port taken would only crash-loop.
    if (gateway.instances === 1) await checkPortFree(gateway.host, this.#configuredPort());
    const names = ["supervisor", "gateway", "broker", ...Object.keys(services)];
    const directory = await RunDirectory.open({
      dataDirectory: this.#options.dataDirectory,
      longestName: `${names.reduce((a, b) => (b.length > a.length ? b : a))}-999`,
      sockets: this.mode === "processes",
    });
    const links = new ControlLinks({
      transport: this.#options.transport,
      address: directory.address("supervisor"),
      registry: this.registry,
      instance: (id) => this.#find(id),
      log: (level, message) => this.log(level, message),
    });
    const logs = new LogStore({ directory: directory.logs });
    try {
      await links.start();
    } catch (error) {
      await directory.close();
      throw error;
    }
    this.#open = { directory, logs, links };
    this.#createGroups(directory);
  }

  /** Brings everything up; resolves when each instance is ready or known to stay down. */
  async start(): Promise<Ready> {
    await this.open();
    const startedAt = this.#clock.now();
    this.#heartbeats.start();
    const started = new Map<string, Promise<void>>();
    await Promise.all([...this.#groups.values()].map((group) => this.#startInOrder(group, started)));
    const instances = this.instances();
    return {
      gateway: this.gatewayUrl,
      bootMs: this.#clock.now() - startedAt,
      instances,
      down: instances.filter((instance) => instance.state !== "ready"),
    };
  }

  /**
   * Drains from the outside in, so that nothing is cut off from what it needs to finish: the gateway, the services, the
   * broker. Idempotent; bounded by the drain timeout of each of the three.
   */
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
    const port = this.#gatewayPort();
    const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
  }

  instances(): InstanceInfo[] {
    return [...this.#all()].map((instance) => instance.info());
  }

  /** Resolves with the service's instances when the new ones are settled and those too many are gone. */
  async scale(service: string, count: number): Promise<InstanceInfo[]> {
    const group = this.#group(service);
    const shared = this.topology.gateway.instances > 1;
    if (service === "broker" && count > 1) {
      throw new MicrocosmError("bad-request", "There is one broker: its log is one file.");
    }
    if (service === "gateway" && count > 1 && !shared) {
      throw new MicrocosmError(
        "bad-request",
        "The gateway's port belongs to one process. Write gateway.instances: 2 or more into the topology and start again.",
      );
    }
    this.log("info", `${service} is scaled to ${count}`);
    await group.scale(count);
    return group.instances.map((instance) => instance.info());
  }

  /** `target` is a service or an instance. Of a service: one instance after the other. */
  restart(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, "is restarted", {
      group: (group) => group.restart(),
      one: (group, instance) => group.restartOne(instance),
    });
  }

  stopInstances(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, "is stopped", {
      group: (group) => group.stop(),
      one: (group, instance) => group.stopOne(instance),
    });
  }

  /** Also revives what is in a crash loop. */
  startInstances(target: string): Promise<InstanceInfo[]> {
    return this.#act(target, "is started", {
      group: (group) => group.start(),
      one: (group, instance) => group.startOne(instance),
    });
  }

  /** SIGKILL, without a drain: a rehearsed failure. It comes back as after any other death. */
  kill(id: string): InstanceInfo {
    const instance = this.#find(id);
    if (instance === undefined) throw this.#unknown(id);
    this.log("warn", `${id} is killed on demand`);
    instance.kill();
    return instance.info();
  }

  /** Whether `target` names a service, an instance, or nothing (undefined). */
  kindOf(target: string): "service" | "instance" | undefined {
    if (this.#groups.has(target)) return "service";
    return this.#find(target) === undefined ? undefined : "instance";
  }

  /** A line of the supervisor's own in the logs. */
  log(level: LogLine["level"], message: string): void {
    const at = this.#clock.now();
    this.#open?.logs.write({ at, service: "supervisor", instance: "supervisor", level, message });
  }

  async #stop(): Promise<void> {
    if (this.#open === undefined) return;
    const { directory, logs, links } = this.#open;
    this.log("info", "the run is ending");
    const services = Object.keys(this.topology.services);
    for (const names of [["gateway"], services, ["broker"]]) {
      await Promise.all(names.map((name) => this.#groups.get(name)?.close()));
    }
    this.#heartbeats.stop();
    await links.stop();
    await logs.stop();
    await directory.close();
  }

  /** All at once, except where the topology says `requires`; it has no cycles of those. */
  #startInOrder(group: ServiceGroup, started: Map<string, Promise<void>>): Promise<void> {
    const known = started.get(group.name);
    if (known !== undefined) return known;
    const required = (this.topology.services[group.name]?.requires ?? []).map((name) => this.#group(name));
    const done = Promise.all(required.map((other) => this.#startInOrder(other, started))).then(() => {
      const down = required.filter((other) => !other.instances.some(({ phase }) => phase === "ready"));
      if (down.length === 0) return group.start();
      this.log(
        "error",
        `${group.name} is not started: it requires ${down.map(({ name }) => name).join(", ")}`,
      );
      return undefined;
    });
    started.set(group.name, done);
    return done;
  }

  #createGroups(directory: RunDirectory): void {
    const { topology, version } = this.#options;
    const context: SpecContext = {
      topology,
      version,
      dataDirectory: directory.dataDirectory,
      controlAddress: directory.address("supervisor"),
      address: (id) => directory.address(id),
    };
    const gatewayOf = (place: InstancePlace) => gatewaySpec(context, place, this.#gatewayPort());
    this.#addGroup("gateway", "gateway", topology.gateway.instances, gatewayOf);
    this.#addGroup("broker", "broker", 1, (place) => brokerSpec(context, place));
    for (const config of Object.values(topology.services)) {
      this.#addGroup(config.name, "service", config.instances, (place) =>
        serviceSpec(context, config, place),
      );
    }
  }

  #addGroup(
    name: string,
    role: WorkerSpec["role"],
    instances: number,
    spec: (place: InstancePlace) => WorkerSpec,
  ): void {
    const group = new ServiceGroup({
      name,
      instances,
      create: (id, ordinal) => this.#createInstance(name, role, id, ordinal, spec),
      removed: (id) => this.registry.remove(id),
    });
    this.#groups.set(name, group);
  }

  #createInstance(
    service: string,
    role: WorkerSpec["role"],
    id: string,
    ordinal: number,
    spec: (place: InstancePlace) => WorkerSpec,
  ): Instance {
    const { launcher, changed } = this.#options;
    const { logs } = this.#opened();
    const source = { service, instance: id };
    const instance = new Instance({
      ...source,
      id,
      role,
      config: this.topology.supervisor,
      launcher: { launch: (of, output) => this.#noted(id, launcher.launch(of, output)) },
      clock: this.#clock,
      random: this.#random,
      spec: (generation) => spec({ id, ordinal, generation }),
      publish: (record) => {
        this.registry.put(record);
        changed?.(instance.info());
      },
      output: (stream, line) => logs.write(parseLogLine(source, stream, line, this.#clock.now())),
      log: (level, message) => this.log(level, message),
    });
    return instance;
  }

  #noted<W extends { readonly pid: number }>(id: string, worker: W): W {
    if (this.mode === "processes") this.#opened().directory.notePid(id, worker.pid);
    return worker;
  }

  async #act(
    target: string,
    what: string,
    act: {
      group: (group: ServiceGroup) => Promise<void>;
      one: (group: ServiceGroup, instance: Instance) => Promise<void>;
    },
  ): Promise<InstanceInfo[]> {
    const group = this.#groups.get(target);
    if (group !== undefined) {
      this.log("info", `${target} ${what}`);
      await act.group(group);
      return group.instances.map((instance) => instance.info());
    }
    const instance = this.#find(target);
    if (instance === undefined) throw this.#unknown(target);
    this.log("info", `${target} ${what}`);
    await act.one(this.#group(instance.service), instance);
    return [instance.info()];
  }

  *#all(): Iterable<Instance> {
    for (const group of this.#groups.values()) yield* group.instances;
  }

  #find(id: string): Instance | undefined {
    const group = this.#groups.get(id.slice(0, id.lastIndexOf("-")));
    return group?.instances.find((instance) => instance.id === id);
  }

  #group(service: string): ServiceGroup {
    const group = this.#groups.get(service);
    if (group === undefined) throw this.#unknown(service);
    return group;
  }

  #unknown(target: string): MicrocosmError {
    const known = [...this.#groups.keys(), ...this.instances().map((instance) => instance.id)];
    const near = closest(target, known);
    const guess = near === undefined ? "" : ` Did you mean ${near}?`;
    return new MicrocosmError("not-found", `There is no service and no instance "${target}".${guess}`);
  }

  #configuredPort(): number {
    return this.#options.gatewayPort ?? this.topology.gateway.port;
  }

  /** With port 0 the one the system gave to the first gateway; later generations keep it. */
  #gatewayPort(): number {
    const told = this.#groups.get("gateway")?.instances.find((instance) => instance.port !== undefined);
    return told?.port ?? this.#configuredPort();
  }

  #opened(): OpenRun {
    if (this.#open === undefined) throw new MicrocosmError("internal", "the supervisor is not open yet");
    return this.#open;
  }
}
