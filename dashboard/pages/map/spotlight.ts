import type { Box, Layout } from "./layout.ts";
import type { MapModel } from "./model.ts";

/** What is looked at; all else stands back. */
export interface Spot {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

export interface Chosen {
  readonly service?: string | undefined;
  readonly edge?: string | undefined;
}

/** A service with all that leads to it and from it, or an edge with its two ends. Undefined: everything alike. */
export function spotOf({ nodes, edges }: MapModel, { service, edge }: Chosen): Spot | undefined {
  const near = edges.filter(({ id, from, to }) => id === edge || from === service || to === service);
  if (near.length === 0 && !nodes.some(({ name }) => name === service)) return undefined;
  return {
    nodes: new Set([
      ...(service === undefined ? [] : [service]),
      ...near.flatMap(({ from, to }) => [from, to]),
    ]),
    edges: new Set(near.map(({ id }) => id)),
  };
}

/** Services whose name has `text` in it; "" finds nothing. */
export function found({ nodes }: MapModel, text: string): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const names = nodes.filter(({ role }) => role !== "clients").map(({ name }) => name);
  const fitting = names.filter((name) => name.toLowerCase().includes(wanted));
  // Those that begin with it first, as one types from the beginning.
  return fitting.sort(
    (a, b) => Number(b.toLowerCase().startsWith(wanted)) - Number(a.toLowerCase().startsWith(wanted)),
  );
}

const directions: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};
/** How much more a step aside counts than a step ahead. */
const aside = 2.5;

/** The card that lies next in the direction of an arrow key. */
export function neighbour(layout: Layout, from: string, key: string): string | undefined {
  const direction = directions[key];
  const start = layout.nodes.get(from);
  if (direction === undefined || start === undefined) return undefined;
  const [dx, dy] = direction;
  let best: string | undefined;
  let bestAway = Number.POSITIVE_INFINITY;
  for (const [name, box] of layout.nodes) {
    const ahead = gap(start, box, dx, dy);
    // The clients are no card that has a panel.
    if (name === from || name === "clients" || ahead <= 0) continue;
    const away = ahead + aside * Math.abs((box.x - start.x) * dy + (box.y - start.y) * dx);
    if (away < bestAway) [best, bestAway] = [name, away];
  }
  return best;
}

/** Between the centres, along the direction; of cards that overlap across it, none. */
function gap(a: Box, b: Box, dx: number, dy: number): number {
  const along = (b.x - a.x) * dx + (b.y - a.y) * dy;
  return along > 4 ? along : 0;
}
