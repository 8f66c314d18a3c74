import type { Point } from "./layout.ts";

/** A line as SVG draws it, and as points at equal distances for what moves along it. */
export interface Curve {
  readonly d: string;
  /** x and y in turn. */
  readonly points: Float32Array;
  /** Pixels of the map. */
  readonly length: number;
}

const perBend = 16;
/** Pixels between the points that things move along. */
const stepPx = 4;

/** A smooth line through corner points: quadratic curves between the middles of its straights, as B-splines of degree 2. */
export function curveOf(corners: readonly Point[]): Curve {
  const first = corners[0] ?? { x: 0, y: 0 };
  const last = corners[corners.length - 1] ?? first;
  let d = `M${show(first)}`;
  const fine: Point[] = [first];
  let from = first;
  for (let i = 1; i < corners.length - 1; i++) {
    const corner = corners[i]!;
    const next = corners[i + 1]!;
    const to = i === corners.length - 2 ? next : { x: (corner.x + next.x) / 2, y: (corner.y + next.y) / 2 };
    d += `Q${show(corner)} ${show(to)}`;
    for (let step = 1; step <= perBend; step++) fine.push(bezier(from, corner, to, step / perBend));
    from = to;
  }
  if (corners.length <= 2) {
    d += `L${show(last)}`;
    fine.push(last);
  }
  return { d, ...evenly(fine) };
}

function bezier(a: Point, b: Point, c: Point, t: number): Point {
  const u = 1 - t;
  return {
    x: u * u * a.x + 2 * u * t * b.x + t * t * c.x,
    y: u * u * a.y + 2 * u * t * b.y + t * t * c.y,
  };
}

function evenly(fine: readonly Point[]): { points: Float32Array; length: number } {
  const lengths = [0];
  for (let i = 1; i < fine.length; i++) {
    const a = fine[i - 1]!;
    const b = fine[i]!;
    lengths.push(lengths[i - 1]! + Math.hypot(b.x - a.x, b.y - a.y));
  }
  const length = lengths[lengths.length - 1]!;
  const count = Math.max(2, Math.ceil(length / stepPx) + 1);
  const points = new Float32Array(count * 2);
  let at = 1;
  for (let i = 0; i < count; i++) {
    const wanted = (i / (count - 1)) * length;
    while (at < lengths.length - 1 && lengths[at]! < wanted) at++;
    const a = fine[at - 1] ?? fine[0]!;
    const b = fine[at] ?? a;
    const span = (lengths[at] ?? 0) - (lengths[at - 1] ?? 0);
    const t = span > 0 ? (wanted - lengths[at - 1]!) / span : 0;
    points[i * 2] = a.x + (b.x - a.x) * t;
    points[i * 2 + 1] = a.y + (b.y - a.y) * t;
  }
  return { points, length };
}

function show({ x, y }: Point): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
