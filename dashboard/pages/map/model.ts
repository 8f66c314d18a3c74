import type { InstanceInfo } from "../../../runtime/control/api.ts";
import type {
  LiveEdge,
  LiveGraph,
  LiveInstance,
  LiveNode,
  LiveStats,
} from "../../../runtime/telemetry/query.ts";
import type { Topology } from "../../../runtime/topology/model.ts";

/** Whoever calls the gateway; in the map only. */
export const clients = "clients";

export interface MapNode extends LiveStats {
  readonly name: string;
  readonly role: LiveNode["role"] | "clients";
  readonly instances: readonly LiveInstance[];
}

/** Topics between the same two are one line; the edge's panel tells them apart. */
export interface MapEdge extends LiveStats {
  /** `orders call catalog`. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: LiveEdge["kind"];
  readonly topics: readonly LiveEdge[];
}

export interface MapModel {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

export interface MapSources {
  readonly topology: Topology | undefined;
  /** Absent while no telemetry has come. */
  readonly graph: LiveGraph | undefined;
  readonly instances: readonly InstanceInfo[];
}

const silent: LiveStats = { ratePerSecond: 0, errorsPerSecond: 0, p50Ms: null, p99Ms: null };

export function edgeId(from: string, kind: LiveEdge["kind"], to: string): string {
  return `${from} ${kind} ${to}`;
}

/** What the map shows: who there is by the supervisor, what flows by the observer, what may flow by the topology. */
export function mapOf({ topology, graph, instances }: MapSources): MapModel {
  const nodes = nodesOf(graph, instances);
  const gateway = nodes.find(({ role }) => role === "gateway");
  if (gateway !== undefined) {
    const { ratePerSecond, errorsPerSecond, p50Ms, p99Ms } = gateway;
    const stats = { ratePerSecond, errorsPerSecond, p50Ms, p99Ms };
    nodes.unshift({ name: clients, role: "clients", instances: [], ...stats });
  }
  const known = new Set(nodes.map(({ name }) => name));
  const edges = edgesOf(topology, graph, gateway).filter(({ from, to }) => known.has(from) && known.has(to));
  return { nodes: nodes.map((node) => (node.role === "broker" ? withPublishes(node, edges) : node)), edges };
}

function nodesOf(graph: LiveGraph | undefined, instances: readonly InstanceInfo[]): MapNode[] {
  const live = new Map(graph?.nodes.map((node) => [node.service, node]));
  const groups = new Map<string, InstanceInfo[]>();
  for (const instance of instances) {
    const group = groups.get(instance.service);
    if (group === undefined) groups.set(instance.service, [instance]);
    else group.push(instance);
  }
  const nodes = [...groups].map(([name, group]): MapNode => {
    const node = live.get(name);
    return {
      ...silent,
      ...statsOf(node),
      name,
      role: group[0]!.role,
      instances: group.map((one) => cellOf(one, node)),
    };
  });
  // Processes outside the run that send their telemetry here.
  for (const node of graph?.nodes ?? []) {
    if (groups.has(node.service)) continue;
    nodes.push({ ...statsOf(node), name: node.service, role: node.role, instances: node.instances });
  }
  return nodes;
}

/** The broker answers no requests: what is published to it is its rate. */
function withPublishes(broker: MapNode, edges: readonly MapEdge[]): MapNode {
  return { ...broker, ...sumOf(edges.filter(({ to, kind }) => kind === "publish" && to === broker.name)) };
}

/** The supervisor's word on states is newer than the graph's, which comes once a second. */
function cellOf(info: InstanceInfo, node: LiveNode | undefined): LiveInstance {
  const seen = node?.instances.find(({ id }) => id === info.id);
  return {
    ...silent,
    pending: 0,
    cpu: 0,
    loopDelayMs: 0,
    ...seen,
    id: info.id,
    generation: info.generation,
    state: info.state,
    rssBytes: info.rssBytes ?? seen?.rssBytes ?? 0,
  };
}

function statsOf(stats: LiveStats | undefined): LiveStats {
  if (stats === undefined) return silent;
  const { ratePerSecond, errorsPerSecond, p50Ms, p99Ms } = stats;
  return { ratePerSecond, errorsPerSecond, p50Ms, p99Ms };
}

function edgesOf(
  topology: Topology | undefined,
  graph: LiveGraph | undefined,
  gateway: MapNode | undefined,
): MapEdge[] {
  // A process of others may have any name, with spaces too: an id is not taken apart again.
  const found = new Map<string, Pick<MapEdge, "from" | "to" | "kind"> & { readonly topics: LiveEdge[] }>();
  const add = (from: string, kind: LiveEdge["kind"], to: string) => {
    const id = edgeId(from, kind, to);
    const entry = found.get(id) ?? { from, kind, to, topics: [] };
    found.set(id, entry);
    return entry.topics;
  };
  for (const [from, to] of declared(topology)) add(from, "call", to);
  for (const edge of graph?.edges ?? []) add(edge.from, edge.kind, edge.to).push(edge);
  const edges = [...found].map(([id, edge]): MapEdge => ({ id, ...edge, ...sumOf(edge.topics) }));
  if (gateway !== undefined) {
    const stats = statsOf(gateway);
    edges.unshift({
      id: edgeId(clients, "call", gateway.name),
      from: clients,
      to: gateway.name,
      kind: "call",
      topics: [],
      ...stats,
    });
  }
  return edges;
}

/** Calls that the topology allows: `uses`, and the gateway's routes. */
function* declared(topology: Topology | undefined): Iterable<[from: string, to: string]> {
  if (topology === undefined) return;
  for (const route of topology.gateway.routes) {
    if (route.target.kind === "service") yield ["gateway", route.target.service];
    else for (const part of route.target.parts) yield ["gateway", part.service];
  }
  for (const service of Object.values(topology.services)) {
    for (const use of service.uses) yield [service.name, use.service];
  }
}

/** Percentiles do not add up: the slowest part's stand for all. */
function sumOf(parts: readonly LiveStats[]): LiveStats {
  let { ratePerSecond, errorsPerSecond, p50Ms, p99Ms } = silent;
  for (const part of parts) {
    ratePerSecond += part.ratePerSecond;
    errorsPerSecond += part.errorsPerSecond;
    p50Ms = slower(p50Ms, part.p50Ms);
    p99Ms = slower(p99Ms, part.p99Ms);
  }
  return { ratePerSecond, errorsPerSecond, p50Ms, p99Ms };
}

/** What is not known of one part is not told of the whole, unless another part's is. */
function slower(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
