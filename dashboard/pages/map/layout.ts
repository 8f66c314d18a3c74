import dagre from "@dagrejs/dagre";
import type { MapEdge, MapModel, MapNode } from "./model.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Centre and size. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Box>;
  /** Corner points from edge to edge of the boxes. */
  readonly edges: ReadonlyMap<string, readonly Point[]>;
}

export const nodeSize = { width: 176, height: 96 } as const;
const clientsSize = { width: 96, height: 34 } as const;
const barHeight = 84;
const observerGap = 28;
const margin = 24;
/** Between what is published and what is delivered on the same way. */
const laneGap = 14;
/** Below a service, where a way that is not straight turns. */
const turnPx = 22;

/** Changes only when something is laid out differently: positions stay while numbers change. */
export function shapeOf({ nodes, edges }: MapModel): string {
  return JSON.stringify([
    nodes.map(({ name, role }) => `${name} ${role}`).sort(),
    edges
      .filter(({ kind }) => kind === "call")
      .map(({ id }) => id)
      .sort(),
  ]);
}

/**
 * Layers from clients down to the bus, by dagre (Gansner et al., A Technique for Drawing Directed Graphs, 1993). The
 * broker is a bar below everything, with a way of its own to each service: a first event changes no positions.
 */
export function layoutOf(model: MapModel): Layout {
  const { nodes, edges } = model;
  const broker = nodes.find(({ role }) => role === "broker");
  const observer = nodes.find(({ role }) => role === "observer");
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 26, edgesep: 18, ranksep: 58, marginx: margin, marginy: margin });
  for (const node of nodes) if (node !== observer) graph.setNode(node.name, { ...sizeOf(node) });
  for (const edge of edges) {
    if (edge.kind === "call") graph.setEdge(edge.from, edge.to, { weight: 2 }, "call");
  }
  if (broker !== undefined) {
    for (const node of nodes) if (node.role === "service") graph.setEdge(node.name, broker.name, {}, "bus");
  }
  dagre.layout(graph);
  const boxes = new Map<string, Box>();
  for (const name of graph.nodes()) {
    const { x, y, width, height } = graph.node(name) as Box;
    boxes.set(name, { x, y, width, height });
  }
  const size = graph.graph() as { width?: number; height?: number };
  const bottom = placeBottom(boxes, { broker, observer }, size.width ?? 0);
  const lines = new Map<string, readonly Point[]>();
  for (const { v, w, name } of graph.edges()) {
    const { points } = graph.edge({ v, w, name } as { v: string; w: string; name: string }) as {
      points: Point[];
    };
    if (name === "call") lines.set(`${v} call ${w}`, points);
  }
  if (broker !== undefined) {
    const services = nodes.filter(({ role }) => role === "service").map(({ name }) => name);
    for (const [id, points] of busLanes(services, broker.name, boxes)) lines.set(id, points);
  }
  return { ...bottom, height: Math.max(size.height ?? 0, bottom.height), nodes: boxes, edges: lines };
}

function sizeOf({ role }: MapNode): { width: number; height: number } {
  if (role === "clients") return clientsSize;
  return role === "broker" ? { width: nodeSize.width, height: barHeight } : nodeSize;
}

/** The broker's bar as wide as what is above it, and the observer, which nobody calls, at its end. */
function placeBottom(
  boxes: Map<string, Box>,
  { broker, observer }: { broker: MapNode | undefined; observer: MapNode | undefined },
  width: number,
): { width: number; height: number } {
  const others = [...boxes].filter(([name]) => name !== broker?.name).map(([, box]) => box);
  const left = Math.min(...others.map((box) => box.x - box.width / 2), margin);
  const right = Math.max(...others.map((box) => box.x + box.width / 2), left + nodeSize.width * 2);
  const found = broker === undefined ? undefined : boxes.get(broker.name);
  const lowest = Math.max(...others.map((box) => box.y + box.height / 2), 0);
  const y = found?.y ?? lowest + 40 + barHeight / 2;
  if (broker !== undefined) {
    boxes.set(broker.name, { x: (left + right) / 2, y, width: right - left, height: barHeight });
  }
  let end = Math.max(width, right + margin);
  if (observer !== undefined) {
    boxes.set(observer.name, {
      x: right + observerGap + nodeSize.width / 2,
      y,
      width: nodeSize.width,
      height: barHeight,
    });
    end = right + observerGap + nodeSize.width + margin;
  }
  return { width: end, height: y + barHeight / 2 + margin };
}

/**
 * Down for what a service publishes, and beside it up for what it is delivered: as straight as what stands below the
 * service allows, and never on another service's way. dagre's own bends would run along each other.
 */
function busLanes(
  services: readonly string[],
  broker: string,
  boxes: ReadonlyMap<string, Box>,
): Map<string, Point[]> {
  const bar = boxes.get(broker)!;
  const top = bar.y - bar.height / 2;
  const lines = new Map<string, Point[]>();
  const taken: number[] = [];
  // The lowest first: nothing is in their way, and others go around them.
  const order = services
    .map((name) => ({ name, box: boxes.get(name)! }))
    .sort((a, b) => b.box.y - a.box.y || a.box.x - b.box.x);
  for (const { name, box } of order) {
    const bottom = box.y + box.height / 2;
    const below = [...boxes.values()].filter((other) => other !== bar && other.y - other.height / 2 > bottom);
    const isFree = (x: number) =>
      Math.abs(x - bar.x) <= bar.width / 2 - laneGap * 2 &&
      taken.every((other) => Math.abs(other - x) >= laneGap * 2.4) &&
      below.every((other) => Math.abs(other.x - x) >= other.width / 2 + laneGap * 1.4);
    const x = nearest(box.x, bar.width, isFree);
    taken.push(x);
    const reach = box.width / 2 - laneGap * 1.5;
    const start = Math.max(box.x - reach, Math.min(box.x + reach, x));
    const lane = (dx: number): Point[] => [
      { x: start + dx, y: bottom },
      ...(start === x
        ? []
        : [
            { x: start + dx, y: bottom + turnPx },
            { x: x + dx, y: bottom + turnPx },
          ]),
      { x: x + dx, y: top },
    ];
    lines.set(`${name} publish ${broker}`, lane(-laneGap / 2));
    lines.set(`${broker} delivery ${name}`, lane(laneGap / 2).reverse());
  }
  return lines;
}

/** The place closest to `x` that `isFree`; `x` itself where none is. */
function nearest(x: number, within: number, isFree: (x: number) => boolean): number {
  for (let away = 0; away < within; away += 4) {
    if (isFree(x - away)) return x - away;
    if (isFree(x + away)) return x + away;
  }
  return x;
}

/** Ends of a call's line for who wants to follow an edge: the model's edges that the layout knows. */
export function drawn(layout: Layout, edges: readonly MapEdge[]): MapEdge[] {
  return edges.filter(({ id }) => layout.edges.has(id));
}
