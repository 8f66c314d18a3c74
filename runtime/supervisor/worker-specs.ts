import type { EdgeConfig, ServiceConfig, Topology } from "../topology/model.ts";
import type { WorkerSpec } from "../worker/spec.ts";

/** What all specs of a run have in common. */
export interface SpecContext {
  readonly topology: Topology;
  /** Whether an idle worker may beat rarely: where the supervisor sees from outside that it lives. */
  readonly mayRest: boolean;
  readonly dataDirectory: string;
  readonly controlAddress: string;
  /** Where the instance of that id listens. */
  readonly address: (id: string) => string;
  /** Version of Microcosm, which is that of the built-in workers. */
  readonly version: string;
}

export type BuiltIn = "gateway" | "broker" | "observer";

export interface InstancePlace {
  readonly id: string;
  /** From 1. */
  readonly ordinal: number;
  readonly generation: number;
}

export function serviceSpec(context: SpecContext, config: ServiceConfig, place: InstancePlace): WorkerSpec {
  return {
    ...common(context, place, config.uses),
    role: "service",
    service: config.name,
    version: config.version,
    weight: config.weights[place.ordinal - 1] ?? 1,
    config,
    // A publisher must know which topics there are, and which forget with the broker.
    topics: context.topology.topics,
  };
}

/** `port` is the one the gateway had before: a restart must not move it. */
export function gatewaySpec(context: SpecContext, place: InstancePlace, port: number): WorkerSpec {
  const { gateway, topics } = context.topology;
  return {
    ...common(context, place, gateway.uses),
    role: "gateway",
    service: "gateway",
    version: context.version,
    weight: 1,
    gateway: { ...gateway, port },
    topics,
  };
}

export function brokerSpec(context: SpecContext, place: InstancePlace): WorkerSpec {
  return {
    ...common(context, place, []),
    role: "broker",
    service: "broker",
    version: context.version,
    weight: 1,
    topics: context.topology.topics,
  };
}

export function observerSpec(context: SpecContext, place: InstancePlace): WorkerSpec {
  return {
    ...common(context, place, []),
    role: "observer",
    service: "observer",
    version: context.version,
    weight: 1,
  };
}

function common(context: SpecContext, place: InstancePlace, uses: readonly EdgeConfig[]) {
  const { topology } = context;
  return {
    instance: place.id,
    generation: place.generation,
    controlAddress: context.controlAddress,
    address: context.address(place.id),
    dataDirectory: context.dataDirectory,
    uses,
    services: Object.keys(topology.services),
    balancers: Object.fromEntries(
      uses.map((edge) => [edge.service, balancerOf(topology.services[edge.service])]),
    ),
    supervisor: context.mayRest ? topology.supervisor : { ...topology.supervisor, restMs: 0 },
    telemetry: topology.telemetry,
  };
}

function balancerOf(callee: ServiceConfig | undefined): Pick<ServiceConfig, "balancer" | "hashHeader"> {
  if (callee === undefined) return { balancer: "round-robin" };
  return callee.hashHeader === undefined
    ? { balancer: callee.balancer }
    : { balancer: callee.balancer, hashHeader: callee.hashHeader };
}
