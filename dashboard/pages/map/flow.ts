/**
 * What moves along the edges. Hot path: `advance` and `each` run once a frame and allocate nothing. The number of dots is
 * bounded, whatever the traffic: from some rate on one dot stands for several requests, the same number on all edges, so
 * that their density still tells which edge carries how much.
 */
import type { Curve } from "./curve.ts";

/** Dots that start within a second, all edges together; what the scale is chosen for. */
const maxStartsPerSecond = 260;
/** On one edge: here they have become a stream without gaps. */
const maxStartsPerEdge = 40;
/** Pixels of the map a second. */
const speed = 150;
/** An edge is never passed in less or more than this. */
const minTravelMs = 500;
const maxTravelMs = 2600;
/** After a pause the flow goes on from where it was, instead of all at once. */
const maxStepMs = 100;
/** Dots under way on one edge: those that start within the longest travel, and a few for rates that just fell. */
const maxDotsPerEdge = 128;
const steps = [1, 2, 5];

export interface FlowEdge {
  readonly id: string;
  readonly curve: Curve;
  readonly ratePerSecond: number;
  readonly errorsPerSecond: number;
  readonly kind: "call" | "publish" | "delivery";
  /** Someone looks at others. */
  readonly dim?: boolean;
}

/** How many requests a dot stands for: 1, 2, 5, 10, 20, … */
export function scaleFor(ratesPerSecond: readonly number[]): number {
  const total = ratesPerSecond.reduce((sum, rate) => sum + rate, 0);
  const least = Math.max(total / maxStartsPerSecond, Math.max(0, ...ratesPerSecond) / maxStartsPerEdge);
  let scale = 1;
  for (let power = 1; ; power *= 10) {
    for (const step of steps) {
      scale = step * power;
      if (scale >= least) return scale;
    }
  }
}

/** The dots of one edge, oldest first, in a ring of fixed size. */
class Lane {
  edge: FlowEdge;
  travelMs = 0;
  /** Part of the next dot that is due; one starts at 1. */
  due: number;
  /** The same for the share of errors. */
  errorDue = 0.5;
  /** Share of the way that is passed. */
  readonly ages = new Float32Array(maxDotsPerEdge);
  readonly failed = new Uint8Array(maxDotsPerEdge);
  first = 0;
  count = 0;

  constructor(edge: FlowEdge) {
    this.edge = edge;
    // Edges with the same rate would all start their dots at the same moment.
    this.due = phaseOf(edge.id);
  }

  push(age: number, failed: boolean): void {
    if (this.count === maxDotsPerEdge) this.shift();
    const place = (this.first + this.count++) % maxDotsPerEdge;
    this.ages[place] = age;
    this.failed[place] = failed ? 1 : 0;
  }

  shift(): void {
    this.first = (this.first + 1) % maxDotsPerEdge;
    this.count--;
  }
}

/** `place` gets a dot's position in the map. */
export type DotVisitor = (x: number, y: number, edge: FlowEdge, failed: boolean) => void;

export class Flow {
  readonly #lanes = new Map<string, Lane>();
  /** The same in an array: a map's iterator would be an object a frame. */
  #all: Lane[] = [];
  #scale = 1;

  /** Requests a dot stands for. */
  get scale(): number {
    return this.#scale;
  }

  /** New rates, or new ways: dots under way keep their share of the way. */
  update(edges: readonly FlowEdge[]): void {
    this.#scale = scaleFor(edges.map(({ ratePerSecond }) => ratePerSecond));
    const known = new Set<string>();
    for (const edge of edges) {
      known.add(edge.id);
      let lane = this.#lanes.get(edge.id);
      if (lane === undefined) {
        lane = new Lane(edge);
        this.#lanes.set(edge.id, lane);
      }
      lane.edge = edge;
      lane.travelMs = Math.max(minTravelMs, Math.min(maxTravelMs, (edge.curve.length / speed) * 1000));
    }
    for (const id of this.#lanes.keys()) if (!known.has(id)) this.#lanes.delete(id);
    this.#all = [...this.#lanes.values()];
  }

  /** Nothing moves, and nothing will. */
  get isStill(): boolean {
    return this.#all.every(({ count, edge }) => count === 0 && edge.ratePerSecond <= 0);
  }

  advance(elapsedMs: number): void {
    const ms = Math.min(elapsedMs, maxStepMs);
    for (let i = 0; i < this.#all.length; i++) {
      const lane = this.#all[i]!;
      const { ages, travelMs } = lane;
      const step = ms / travelMs;
      for (let dot = 0; dot < lane.count; dot++) ages[(lane.first + dot) % maxDotsPerEdge]! += step;
      // The oldest are first: they all move at the same speed.
      while (lane.count > 0 && ages[lane.first]! >= 1) lane.shift();
      this.#begin(lane, ms);
    }
  }

  #begin(lane: Lane, ms: number): void {
    const { edge, travelMs } = lane;
    const perSecond = edge.ratePerSecond / this.#scale;
    lane.due += perSecond * (ms / 1000);
    while (lane.due >= 1) {
      lane.due -= 1;
      lane.errorDue += Math.min(1, edge.errorsPerSecond / edge.ratePerSecond);
      const failed = lane.errorDue >= 1;
      if (failed) lane.errorDue -= 1;
      // Several of one frame are spread over the way of that frame.
      lane.push((lane.due / Math.max(1e-6, perSecond)) * (1000 / travelMs), failed);
    }
  }

  each(visit: DotVisitor): void {
    for (let i = 0; i < this.#all.length; i++) {
      const { edge, ages, failed, first, count } = this.#all[i]!;
      const { points } = edge.curve;
      const last = points.length / 2 - 1;
      for (let dot = 0; dot < count; dot++) {
        const at = (first + dot) % maxDotsPerEdge;
        const place = Math.min(last, Math.max(0, ages[at]! * last));
        const index = Math.min(last - 1, Math.floor(place));
        const t = place - index;
        const x = points[index * 2]! * (1 - t) + points[index * 2 + 2]! * t;
        const y = points[index * 2 + 1]! * (1 - t) + points[index * 2 + 3]! * t;
        visit(x, y, edge, failed[at] === 1);
      }
    }
  }
}

function phaseOf(id: string): number {
  let hash = 7;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) >>> 0;
  return (hash % 997) / 997;
}
