import type { Box, Point, Room, Sizes } from "./layout.ts";
import { type Call, waysThrough } from "./rows.ts";

/** A card, or the place where a way passes a row. */
interface Item {
  readonly key: string;
  readonly width: number;
  readonly isCard: boolean;
  x: number;
  readonly above: Item[];
  readonly below: Item[];
}

export interface Packed {
  readonly boxes: Map<string, Box>;
  /** Corner points of each call. */
  readonly lines: Map<string, readonly Point[]>;
}

export interface Order {
  readonly rows: ReadonlyMap<string, number>;
  readonly calls: readonly Call[];
  /** The same, and what only keeps two near to each other without a line. */
  readonly joined: readonly Call[];
}

const sweeps = 12;
/** A way is drawn straight before a card is moved below its caller. */
const straightness = 3;
/** Between the ends of two calls at one card. */
const portPx = 11;

/**
 * Puts each row's cards, and the ways that pass between them, in an order with few crossings, as close as they may stand
 * and as near to those they are joined with as that order allows: the later steps of Sugiyama's method (Methods for Visual
 * Understanding of Hierarchical System Structures, 1981). dagre's places need twice the room, and a second for fifty.
 */
export function pack(order: Order, sizes: Sizes, margin: number, room: Room, below: number): Packed {
  const rows = withFewCrossings(itemsOf(order, sizes));
  const natural = Math.max(...rows.map((row) => widthOf(row, sizes)));
  const height = rows.length * (sizes.card.height + sizes.ranksep) + below;
  // Where the height decides how large all is shown, the rest of the width is for the lines.
  const width = Math.max(natural, (room.width * (height + margin * 2)) / room.height - margin * 2);
  for (const row of rows) for (const item of row) item.x *= width;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) settle(row, sizes, width);
  }
  // The way in is in the middle, wherever those behind it are.
  for (const row of rows.slice(0, 2)) if (row.length === 1) row[0]!.x = width / 2;
  const boxes = new Map<string, Box>();
  const middle = (row: number) => margin + sizes.card.height / 2 + row * (sizes.card.height + sizes.ranksep);
  for (const [name, row] of order.rows) {
    const item = rows[row]!.find(({ key, isCard }) => isCard && key === name)!;
    boxes.set(name, { x: item.x + margin, y: middle(row), ...sizes.card });
  }
  const passes = (id: string, row: number): Point => {
    const item = rows[row]!.find(({ key, isCard }) => !isCard && key === id)!;
    return { x: item.x + margin, y: middle(row) };
  };
  return { boxes, lines: linesOf(order, boxes, sizes, passes) };
}

export function idOf([from, to]: Call): string {
  return `${from} call ${to}`;
}

function itemsOf({ rows, joined }: Order, { card, edgesep }: Sizes): Item[][] {
  const all: Item[][] = Array.from({ length: Math.max(...rows.values()) + 1 }, () => []);
  const add = (key: string, row: number, isCard: boolean): Item => {
    const item = { key, isCard, width: isCard ? card.width : edgesep, x: 0, above: [], below: [] };
    all[row]!.push(item);
    return item;
  };
  const cards = new Map([...rows].map(([name, row]) => [name, add(name, row, true)]));
  for (const call of joined) {
    const [upper, lower] = rows.get(call[0])! <= rows.get(call[1])! ? call : ([call[1], call[0]] as Call);
    const way = waysThrough(rows, call).map((row) => add(idOf(call), row, false));
    const chain = [cards.get(upper)!, ...way, cards.get(lower)!];
    for (let i = 1; i < chain.length; i++) {
      chain[i - 1]!.below.push(chain[i]!);
      chain[i]!.above.push(chain[i - 1]!);
    }
  }
  return all;
}

/** Each row by the middle of its neighbours in the one before, downwards and upwards in turn; the best of all is kept. */
function withFewCrossings(rows: Item[][]): Item[][] {
  number(rows);
  let best = rows.map((row) => [...row]);
  let fewest = crossings(rows);
  for (let sweep = 0; sweep < sweeps * 2 && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.toReversed()) {
      const wish = new Map(row.map((item) => [item, middleOf(down ? item.above : item.below, item.x)]));
      row.sort((a, b) => wish.get(a)! - wish.get(b)!);
      number([row]);
    }
    const now = crossings(rows);
    if (now < fewest) [best, fewest] = [rows.map((row) => [...row]), now];
  }
  number(best);
  return best;
}

/** Places in the order, spread over the same width in all rows. */
function number(rows: readonly Item[][]): void {
  for (const row of rows) for (const [i, item] of row.entries()) item.x = (i + 0.5) / row.length;
}

function middleOf(items: readonly Item[], otherwise: number): number {
  return items.length === 0 ? otherwise : items.reduce((sum, { x }) => sum + x, 0) / items.length;
}

function crossings(rows: readonly Item[][]): number {
  let count = 0;
  for (const row of rows) {
    const lines = row.flatMap((item) => item.below.map((other) => [item.x, other.x] as const));
    for (const [i, [a, b]] of lines.entries()) {
      for (let k = i + 1; k < lines.length; k++) if ((a - lines[k]![0]) * (b - lines[k]![1]) < 0) count++;
    }
  }
  return count;
}

function apart(a: Item, b: Item, { nodesep, edgesep }: Sizes): number {
  return (a.width + b.width) / 2 + (a.isCard && b.isCard ? nodesep : edgesep * 0.6);
}

function widthOf(row: readonly Item[], sizes: Sizes): number {
  if (row.length === 0) return 0;
  const between = row.slice(1).reduce((sum, item, i) => sum + apart(row[i]!, item, sizes), 0);
  return between + (row[0]!.width + row.at(-1)!.width) / 2;
}

/** Everything as near to the middle of its neighbours as the order and the width allow. */
function settle(row: readonly Item[], sizes: Sizes, width: number): void {
  const wanted = row.map(wishOf);
  const right = [...wanted];
  const left = [...wanted];
  for (let i = 1; i < row.length; i++) {
    right[i] = Math.max(right[i]!, right[i - 1]! + apart(row[i - 1]!, row[i]!, sizes));
  }
  for (let i = row.length - 2; i >= 0; i--) {
    left[i] = Math.min(left[i]!, left[i + 1]! - apart(row[i]!, row[i + 1]!, sizes));
  }
  // Pushed to the right, and pushed to the left, all keep their distances; so they do in between, and within bounds.
  const least: number[] = [];
  const most: number[] = [];
  row.forEach((item, i) => {
    least[i] = i === 0 ? item.width / 2 : least[i - 1]! + apart(row[i - 1]!, item, sizes);
  });
  for (let i = row.length - 1; i >= 0; i--) {
    most[i] =
      i === row.length - 1 ? width - row[i]!.width / 2 : most[i + 1]! - apart(row[i]!, row[i + 1]!, sizes);
  }
  row.forEach((item, i) => {
    item.x = Math.max(least[i]!, Math.min(most[i]!, (right[i]! + left[i]!) / 2));
  });
}

function wishOf(item: Item): number {
  let sum = 0;
  let weight = 0;
  for (const other of [...item.above, ...item.below]) {
    const pull = item.isCard || other.isCard ? 1 : straightness;
    sum += other.x * pull;
    weight += pull;
  }
  return weight === 0 ? item.x : sum / weight;
}

function linesOf(
  { rows, calls }: Order,
  boxes: ReadonlyMap<string, Box>,
  { card, ranksep }: Sizes,
  passes: (id: string, row: number) => Point,
): Map<string, readonly Point[]> {
  const lines = new Map<string, readonly Point[]>();
  const outs = Map.groupBy(calls, ([from]) => from);
  const ins = Map.groupBy(calls, ([, to]) => to);
  const x = (name: string) => boxes.get(name)!.x;
  for (const list of outs.values()) list.sort((a, b) => x(a[1]) - x(b[1]));
  for (const list of ins.values()) list.sort((a, b) => x(a[0]) - x(b[0]));
  const half = card.height / 2;
  for (const call of calls) {
    const [from, to] = call;
    const way = waysThrough(rows, call).map((row) => passes(idOf(call), row));
    const down = rows.get(from)! <= rows.get(to)!;
    const sign = down ? 1 : -1;
    const start = { x: x(from) + port(outs.get(from)!, call, card), y: boxes.get(from)!.y + sign * half };
    const end = { x: x(to) + port(ins.get(to)!, call, card), y: boxes.get(to)!.y - sign * half };
    lines.set(idOf(call), [
      start,
      { x: start.x, y: start.y + (sign * ranksep) / 2 },
      ...(down ? way : way.toReversed()).flatMap((point) => [
        { x: point.x, y: point.y - sign * (half + 3) },
        { x: point.x, y: point.y + sign * (half + 3) },
      ]),
      { x: end.x, y: end.y - (sign * ranksep) / 2 },
      end,
    ]);
  }
  return lines;
}

/** Side by side along the edge of a card, in the order of where they lead. */
function port(all: readonly Call[], call: Call, { width }: Sizes["card"]): number {
  const step = Math.min(portPx, (width - 24) / all.length);
  return (all.indexOf(call) - (all.length - 1) / 2) * step;
}
