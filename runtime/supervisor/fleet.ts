import { MicrocosmError } from "../../sdk/errors.ts";
import { closest } from "../topology/closest.ts";
import type { Topology } from "../topology/model.ts";
import type { WorkerSpec } from "../worker/spec.ts";
import type { Instance } from "./instance.ts";
import { ServiceGroup } from "./service-group.ts";
import {
  brokerSpec,
  gatewaySpec,
  type InstancePlace,
  observerSpec,
  type SpecContext,
  serviceSpec,
} from "./worker-specs.ts";

/** What an instance is made of, besides the supervisor it belongs to. */
export interface InstanceBlueprint {
  readonly id: string;
  readonly service: string;
  readonly role: WorkerSpec["role"];
  readonly version: string;
  readonly spec: (generation: number) => WorkerSpec;
}

export interface FleetOptions {
  readonly context: SpecContext;
  /** Of the gateway's first generation. */
  readonly gatewayPort: number;
  readonly create: (blueprint: InstanceBlueprint) => Instance;
  readonly removed: (id: string) => void;
}

/** All instances of a run, by service and by name. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #topology: Topology;
  readonly #groups = new Map<string, ServiceGroup>();

  constructor(options: FleetOptions) {
    this.#options = options;
    const { context } = options;
    const { gateway, services } = context.topology;
    this.#topology = context.topology;
    this.#add("gateway", "gateway", context.version, gateway.instances, (place) =>
      gatewaySpec(context, place, this.gatewayPort),
    );
    this.#add("broker", "broker", context.version, 1, (place) => brokerSpec(context, place));
    if (context.topology.telemetry.enabled) {
      this.#add("observer", "observer", context.version, 1, (place) => observerSpec(context, place));
    }
    for (const config of Object.values(services)) {
      this.#add(config.name, "service", config.version, config.instances, (place) =>
        serviceSpec(context, config, place),
      );
    }
  }

  /** With port 0 the one the system gave to the first gateway; later generations keep it. */
  get gatewayPort(): number {
    const told = this.#groups.get("gateway")?.instances.find((instance) => instance.port !== undefined);
    return told?.port ?? this.#options.gatewayPort;
  }

  *instances(): Iterable<Instance> {
    for (const group of this.#groups.values()) yield* group.instances;
  }

  find(id: string): Instance | undefined {
    const group = this.#groups.get(id.slice(0, id.lastIndexOf("-")));
    return group?.instances.find((instance) => instance.id === id);
  }

  has(service: string): boolean {
    return this.#groups.has(service);
  }

  /** Throws `not-found`. */
  group(service: string): ServiceGroup {
    const group = this.#groups.get(service);
    if (group === undefined) throw this.unknown(service);
    return group;
  }

  /**
   * Starts all at once, except where the topology says `requires` (it has no cycles of those). Resolves when all are
   * settled; what requires a service that is not ready is not started, and `blocked` told.
   */
  async start(blocked: (service: string, by: readonly string[]) => void): Promise<void> {
    const started = new Map<string, Promise<void>>();
    const start = (group: ServiceGroup): Promise<void> => {
      const known = started.get(group.name);
      if (known !== undefined) return known;
      const required = (this.#topology.services[group.name]?.requires ?? []).map((name) => this.group(name));
      const done = Promise.all(required.map(start)).then(() => {
        const down = required.filter((other) => !other.instances.some(({ phase }) => phase === "ready"));
        if (down.length === 0) return group.start();
        return blocked(
          group.name,
          down.map(({ name }) => name),
        );
      });
      started.set(group.name, done);
      return done;
    };
    await Promise.all([...this.#groups.values()].map(start));
  }

  /**
   * Drains from the outside in, so that nothing is cut off from what it needs to finish: the gateway, the services, the
   * broker; last the observer, which is told of all that.
   */
  async stop(): Promise<void> {
    for (const names of [["gateway"], Object.keys(this.#topology.services), ["broker"], ["observer"]]) {
      await Promise.all(names.map((name) => this.#groups.get(name)?.close()));
    }
  }

  unknown(target: string): MicrocosmError {
    const known = [...this.#groups.keys(), ...[...this.instances()].map((instance) => instance.id)];
    const near = closest(target, known);
    const guess = near === undefined ? "" : ` Did you mean ${near}?`;
    return new MicrocosmError("not-found", `There is no service and no instance "${target}".${guess}`);
  }

  #add(
    service: string,
    role: WorkerSpec["role"],
    version: string,
    instances: number,
    spec: (place: InstancePlace) => WorkerSpec,
  ): void {
    const { create, removed } = this.#options;
    const group = new ServiceGroup({
      name: service,
      instances,
      removed,
      create: (id, ordinal) =>
        create({ id, service, role, version, spec: (generation) => spec({ id, ordinal, generation }) }),
    });
    this.#groups.set(service, group);
  }
}
