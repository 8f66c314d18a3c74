import type { LiveGraph, LiveInstance, LiveNode } from "../telemetry/query.ts";
import type { InstanceInfo } from "./api.ts";

const silent = { ratePerSecond: 0, errorsPerSecond: 0, p50Ms: null, p99Ms: null };

/**
 * The observer knows what instances do, the supervisor which there are: every instance is in the graph, also the one that
 * says nothing, with the state it is in. What the observer still remembers of one that is gone is left out.
 */
export function withInstances(graph: LiveGraph, instances: readonly InstanceInfo[]): LiveGraph {
  const services = new Map<string, InstanceInfo[]>();
  for (const instance of instances) {
    const own = services.get(instance.service);
    if (own === undefined) services.set(instance.service, [instance]);
    else own.push(instance);
  }
  const seen = new Map(graph.nodes.map((node) => [node.service, node]));
  const nodes = [...services].map(([service, own]): LiveNode => {
    const node = seen.get(service);
    return {
      ...silent,
      ...node,
      service,
      role: own[0]!.role,
      instances: own.map((info) =>
        merged(
          info,
          node?.instances.find(({ id }) => id === info.id),
        ),
      ),
    };
  });
  // A process outside the run that sends its telemetry here.
  const foreign = graph.nodes.filter((node) => !services.has(node.service));
  return { ...graph, nodes: [...nodes, ...foreign] };
}

function merged(info: InstanceInfo, live: LiveInstance | undefined): LiveInstance {
  return {
    ...silent,
    pending: 0,
    cpu: 0,
    loopDelayMs: 0,
    ...live,
    id: info.id,
    generation: info.generation,
    state: info.state,
    rssBytes: info.rssBytes ?? live?.rssBytes ?? 0,
  };
}
