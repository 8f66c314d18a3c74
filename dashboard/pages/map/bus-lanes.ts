import { type Box, type Density, margin, type Point, type Sizes } from "./layout.ts";
import type { MapNode } from "./model.ts";

const observerGap = 24;
/** Below a service, where a way that is not straight turns. */
const turnPx = 22;

interface LaneSizes {
  /** Between what is published and what is delivered on the same way. */
  readonly gap: number;
  /** Between ways of two services. */
  readonly apart: number;
  /** Between a way and a card that it passes. */
  readonly clear: number;
}

const laneSizes: Readonly<Record<Density, LaneSizes>> = {
  roomy: { gap: 14, apart: 34, clear: 20 },
  compact: { gap: 5, apart: 11, clear: 5 },
};

/** The broker's bar below all, and the observer, which nobody calls, at its end: beside the map, or below its last column. */
export function placeBottom(
  boxes: Map<string, Box>,
  { broker, observer }: { broker: MapNode | undefined; observer: MapNode | undefined },
  { card, bar, ranksep, observerInside }: Sizes,
): { width: number; height: number } {
  const others = [...boxes].filter(([name]) => name !== broker?.name).map(([, box]) => box);
  const left = Math.min(...others.map((box) => box.x - box.width / 2), margin);
  const right = Math.max(...others.map((box) => box.x + box.width / 2), left + card.width * 2);
  const found = broker === undefined ? undefined : boxes.get(broker.name);
  const lowest = Math.max(...others.map((box) => box.y + box.height / 2), 0);
  const y = found?.y ?? lowest + ranksep + bar / 2;
  const end = observer === undefined || observerInside ? right : right + observerGap + card.width;
  const barEnd = observer === undefined ? right : end - observerGap - card.width;
  if (broker !== undefined) {
    boxes.set(broker.name, { x: (left + barEnd) / 2, y, width: barEnd - left, height: bar });
  }
  if (observer !== undefined) {
    boxes.set(observer.name, { x: end - card.width / 2, y, width: card.width, height: bar });
  }
  return { width: end + margin, height: y + bar / 2 + margin };
}

/**
 * Down for what a service publishes, and beside it up for what it is delivered: straight where what stands below the
 * service allows, otherwise through the gaps of one row after the other, and never on another service's way. dagre's own
 * bends would run along each other.
 */
export function busLanes(
  services: readonly string[],
  broker: string,
  boxes: ReadonlyMap<string, Box>,
  density: Density,
): Map<string, Point[]> {
  const bar = boxes.get(broker)!;
  const lanes = new Lanes(
    bar,
    [...boxes.values()].filter((box) => box.y < bar.y),
    laneSizes[density],
  );
  const lines = new Map<string, Point[]>();
  // The lowest first: nothing is in their way, and others go around them.
  const order = services
    .map((name) => ({ name, box: boxes.get(name)! }))
    .sort((a, b) => b.box.y - a.box.y || a.box.x - b.box.x);
  for (const { name, box } of order) {
    const way = lanes.from(box);
    const half = laneSizes[density].gap / 2;
    lines.set(
      `${name} publish ${broker}`,
      way.map(({ x, y }) => ({ x: x - half, y })),
    );
    lines.set(`${broker} delivery ${name}`, way.map(({ x, y }) => ({ x: x + half, y })).reverse());
  }
  return lines;
}

/** Cards side by side, and the places at which ways pass between them. */
interface Row {
  readonly y: number;
  readonly cards: readonly Box[];
  readonly taken: number[];
}

/** The ways that there are so far. */
class Lanes {
  readonly #bar: Box;
  /** From above. */
  readonly #rows: readonly Row[];
  readonly #sizes: LaneSizes;

  constructor(bar: Box, cards: readonly Box[], sizes: LaneSizes) {
    this.#bar = bar;
    this.#sizes = sizes;
    this.#rows = [...Map.groupBy(cards, ({ y }) => Math.round(y))]
      .sort(([a], [b]) => a - b)
      .map(([y, row]) => ({ y, cards: row, taken: [] }));
  }

  /** Corner points from the card's lower edge to the broker's upper one. */
  from(box: Box): Point[] {
    const rows = this.#rows.filter(({ y }) => y > box.y + box.height / 2);
    const start = { x: box.x, y: box.y + box.height / 2 };
    const end = this.#bar.y - this.#bar.height / 2;
    const reach = Math.max(0, box.width / 2 - this.#sizes.clear);
    const straight = this.#nearest(box.x, (x) => rows.every((row) => this.#isFree(row, x)), this.#bar.width);
    if (straight !== undefined && (rows.length === 0 || Math.abs(straight - box.x) <= this.#bar.width / 4)) {
      for (const row of rows) row.taken.push(straight);
      const x = Math.max(box.x - reach, Math.min(box.x + reach, straight));
      return [
        { x, y: start.y },
        ...(x === straight ? [] : bend(x, straight, start.y + turnPx)),
        { x: straight, y: end },
      ];
    }
    return this.#throughGaps(rows, start, end);
  }

  #throughGaps(rows: readonly Row[], start: Point, end: number): Point[] {
    const points = [start];
    let { x, y } = start;
    for (const row of rows) {
      const gap = this.#nearest(x, (place) => this.#isFree(row, place), this.#bar.width) ?? x;
      row.taken.push(gap);
      const top = Math.min(...row.cards.map((card) => card.y - card.height / 2));
      if (gap !== x) points.push(...bend(x, gap, (y + top) / 2));
      [x, y] = [gap, Math.max(...row.cards.map((card) => card.y + card.height / 2))];
    }
    return [...points, { x, y: end }];
  }

  #isFree({ cards, taken }: Row, x: number): boolean {
    const { clear, apart, gap } = this.#sizes;
    return (
      Math.abs(x - this.#bar.x) <= this.#bar.width / 2 - gap &&
      taken.every((other) => Math.abs(other - x) >= apart) &&
      cards.every((card) => Math.abs(card.x - x) >= card.width / 2 + clear)
    );
  }

  /** The place closest to `x` that `isFree`. */
  #nearest(x: number, isFree: (x: number) => boolean, within: number): number | undefined {
    for (let away = 0; away < within; away += 3) {
      if (isFree(x - away)) return x - away;
      if (isFree(x + away)) return x + away;
    }
    return undefined;
  }
}

function bend(from: number, to: number, y: number): Point[] {
  return [
    { x: from, y },
    { x: to, y },
  ];
}
