import dagre from "@dagrejs/dagre";
import { busLanes, placeBottom } from "./bus-lanes.ts";
import { clients, type MapEdge, type MapModel, type MapNode } from "./model.ts";
import { idOf, pack } from "./pack.ts";
import { type Call, rowsOf, waysThrough } from "./rows.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Centre and size. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** Cards with room for all they have to say, or so small that fifty are read at once. */
export type Density = "roomy" | "compact";

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly density: Density;
  readonly nodes: ReadonlyMap<string, Box>;
  /** Corner points from edge to edge of the boxes. */
  readonly edges: ReadonlyMap<string, readonly Point[]>;
}

/** What the map may fill, in pixels of the screen. */
export interface Room {
  readonly width: number;
  readonly height: number;
}

/** Pixels: a card, the bar of the broker, and what is left free between cards, lines and layers. */
export interface Sizes {
  readonly card: { readonly width: number; readonly height: number };
  readonly bar: number;
  readonly nodesep: number;
  readonly edgesep: number;
  readonly ranksep: number;
  /** Whether the observer stands below the map's last column, or beside the map. */
  readonly observerInside: boolean;
}

const sizes: Readonly<Record<Density, Sizes>> = {
  roomy: {
    card: { width: 176, height: 96 },
    bar: 84,
    nodesep: 26,
    edgesep: 18,
    ranksep: 58,
    observerInside: false,
  },
  compact: {
    card: { width: 136, height: 50 },
    bar: 50,
    nodesep: 14,
    edgesep: 9,
    ranksep: 40,
    observerInside: true,
  },
};
const clientsSize = { width: 96, height: 34 } as const;
export const margin = 24;
/** Drawn smaller than this a roomy map is hard to read, and a compact one is made. */
const legibleScale = 0.8;
/** More cards than this side by side are no row that anybody looks along. */
const longestRow = 24;

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

/** Roomy where that can be read in `room`, otherwise compact, in rows that make the most of it. */
export function layoutOf(model: MapModel, room?: Room): Layout {
  if (room === undefined) return inLayers(model);
  // dagre takes its time over many: what is certain to have no room is not laid out to see that.
  const rows = rowsOf(placed(model), callsOf(model), Number.POSITIVE_INFINITY);
  const longest = Math.max(
    ...Map.groupBy(rows.values(), (row) => row)
      .values()
      .map((row) => row.length),
  );
  const { card, nodesep } = sizes.roomy;
  if (longest * (card.width + nodesep) * legibleScale > room.width) return inRows(model, room);
  const roomy = inLayers(model);
  return scaleOf(roomy, room) >= legibleScale ? roomy : inRows(model, room);
}

function scaleOf(size: Room, room: Room): number {
  return Math.min(room.width / size.width, room.height / size.height);
}

interface Bottom {
  readonly broker: MapNode | undefined;
  readonly observer: MapNode | undefined;
}

/** Those who stand below all that call and are called. */
function bottomOf({ nodes }: MapModel): Bottom {
  return {
    broker: nodes.find(({ role }) => role === "broker"),
    observer: nodes.find(({ role }) => role === "observer"),
  };
}

/**
 * Layers from clients down to the bus, by dagre (Gansner et al., A Technique for Drawing Directed Graphs, 1993). The
 * broker is a bar below everything, with a way of its own to each service: a first event changes no positions.
 */
function inLayers(model: MapModel): Layout {
  const { card, bar, nodesep, edgesep, ranksep } = sizes.roomy;
  const { broker, observer } = bottomOf(model);
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep, edgesep, ranksep, marginx: margin, marginy: margin });
  for (const node of model.nodes) {
    if (node === observer) continue;
    const size = node === broker ? { ...card, height: bar } : card;
    graph.setNode(node.name, { ...(node.role === "clients" ? clientsSize : size) });
  }
  for (const [from, to] of callsOf(model)) graph.setEdge(from, to, { weight: 2 }, "call");
  if (broker !== undefined) {
    for (const { name, role } of model.nodes) {
      if (role === "service") graph.setEdge(name, broker.name, {}, "bus");
    }
  }
  dagre.layout(graph);
  const boxes = new Map<string, Box>();
  for (const name of graph.nodes()) {
    const { x, y, width, height } = graph.node(name) as Box;
    boxes.set(name, { x, y, width, height });
  }
  const lines = new Map<string, readonly Point[]>();
  for (const edge of graph.edges()) {
    const { points } = graph.edge(edge) as { points: Point[] };
    if (edge.name === "call") lines.set(idOf([edge.v, edge.w]), points);
  }
  return withBus(model, "roomy", boxes, lines);
}

function withBus(
  model: MapModel,
  density: Density,
  boxes: Map<string, Box>,
  lines: Map<string, readonly Point[]>,
): Layout {
  const bottom = bottomOf(model);
  const { width, height } = placeBottom(boxes, bottom, sizes[density]);
  if (bottom.broker !== undefined) {
    const services = model.nodes.filter(({ role }) => role === "service").map(({ name }) => name);
    for (const [id, points] of busLanes(services, bottom.broker.name, boxes, density)) lines.set(id, points);
  }
  return { width, height, density, nodes: boxes, edges: lines };
}

function callsOf({ edges }: MapModel): Call[] {
  return edges.filter(({ kind }) => kind === "call").map(({ from, to }) => [from, to]);
}

function inRows(model: MapModel, room: Room): Layout {
  const names = placed(model);
  const calls = callsOf(model).filter(([from, to]) => from !== to);
  const joined = [...calls, ...unseenCalls(model, calls)];
  const rows = bestRows(names, joined, room);
  const { card, bar } = sizes.compact;
  const { boxes, lines } = pack({ rows, calls, joined }, sizes.compact, margin, room, bar);
  const way = boxes.get(clients);
  // Smaller than a card, on the lower edge of its place.
  if (way !== undefined) {
    boxes.set(clients, { x: way.x, y: way.y + (card.height - clientsSize.height) / 2, ...clientsSize });
  }
  return withBus(model, "compact", boxes, lines);
}

/** All but those at the bottom. */
function placed(model: MapModel): string[] {
  const { broker, observer } = bottomOf(model);
  return model.nodes.filter((node) => node !== broker && node !== observer).map(({ name }) => name);
}

/** Of all lengths of rows the one whose map can be shown largest. */
function bestRows(names: readonly string[], calls: readonly Call[], room: Room): ReadonlyMap<string, number> {
  const { card, nodesep, edgesep, ranksep, bar } = sizes.compact;
  let best: ReadonlyMap<string, number> = new Map();
  let bestScale = 0;
  for (let most = 2; most <= longestRow; most++) {
    const rows = rowsOf(names, calls, most);
    const widths: number[] = [];
    const widen = (row: number, pixels: number) => {
      widths[row] = (widths[row] ?? 0) + pixels;
    };
    for (const row of rows.values()) widen(row, card.width + nodesep);
    for (const call of calls) for (const row of waysThrough(rows, call)) widen(row, edgesep * 1.6);
    const height = widths.length * (card.height + ranksep) + bar;
    const scale = scaleOf({ width: Math.max(...widths) + margin * 2, height: height + margin * 2 }, room);
    if (scale > bestScale) [best, bestScale] = [rows, scale];
    if (rows.size <= most) break;
  }
  return best;
}

/** Whom nobody calls stands below the gateway as if it did: it works for the bus. */
function unseenCalls({ nodes }: MapModel, calls: readonly Call[]): Call[] {
  const called = new Set(calls.map(([, to]) => to));
  const gateway = nodes.find(({ role }) => role === "gateway");
  if (gateway === undefined) return [];
  const alone = nodes.filter(({ name, role }) => role === "service" && !called.has(name));
  return alone.map(({ name }) => [gateway.name, name]);
}

/** Ends of a call's line for who wants to follow an edge: the model's edges that the layout knows. */
export function drawn(layout: Layout, edges: readonly MapEdge[]): MapEdge[] {
  return edges.filter(({ id }) => layout.edges.has(id));
}
