/**
 * What moves along the edges. Hot path: `advance` and the drawing run once a frame. The number of dots is bounded,
 * whatever the traffic: from some rate on one dot stands for several requests, the same number on all edges, so that
 * their density still tells which edge carries how much.
 */
import type { Curve } from "./curve.ts";

/** Dots that start within a second, all edges together; what the scale is chosen for. */
const maxStartsPerSecond = 260;
/** On one edge: closer together they would be a line. */
const maxStartsPerEdge = 18;
/** Pixels of the map a second. */
const speed = 150;
/** An edge is never passed in less or more than this. */
const minTravelMs = 500;
const maxTravelMs = 2600;
/** After a pause the flow goes on from where it was, instead of all at once. */
const maxStepMs = 100;
const steps = [1, 2, 5];

export interface FlowEdge {
  readonly id: string;
  readonly curve: Curve;
  readonly ratePerSecond: number;
  readonly errorsPerSecond: number;
  readonly kind: "call" | "publish" | "delivery";
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

interface Lane {
  edge: FlowEdge;
  travelMs: number;
  /** Part of the next dot that is due; one starts at 1. */
  due: number;
  /** The same for the share of errors. */
  errorDue: number;
  dots: { age: number; failed: boolean }[];
}

/** `place` gets a dot's position in the map. */
export type DotVisitor = (x: number, y: number, kind: FlowEdge["kind"], failed: boolean) => void;

export class Flow {
  readonly #lanes = new Map<string, Lane>();
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
      const travelMs = Math.max(minTravelMs, Math.min(maxTravelMs, (edge.curve.length / speed) * 1000));
      const lane = this.#lanes.get(edge.id);
      // Edges with the same rate would all start their dots at the same moment.
      if (lane === undefined)
        this.#lanes.set(edge.id, { edge, travelMs, due: phaseOf(edge.id), errorDue: 0.5, dots: [] });
      else {
        lane.edge = edge;
        lane.travelMs = travelMs;
      }
    }
    for (const id of this.#lanes.keys()) if (!known.has(id)) this.#lanes.delete(id);
  }

  /** Nothing moves, and nothing will. */
  get isStill(): boolean {
    for (const { dots, edge } of this.#lanes.values()) {
      if (dots.length > 0 || edge.ratePerSecond > 0) return false;
    }
    return true;
  }

  advance(elapsedMs: number): void {
    const ms = Math.min(elapsedMs, maxStepMs);
    for (const lane of this.#lanes.values()) {
      const { edge, dots, travelMs } = lane;
      for (const dot of dots) dot.age += ms / travelMs;
      // The oldest are first: they all move at the same speed.
      let gone = 0;
      while (gone < dots.length && dots[gone]!.age >= 1) gone++;
      if (gone > 0) dots.splice(0, gone);
      lane.due += (edge.ratePerSecond / this.#scale) * (ms / 1000);
      while (lane.due >= 1) {
        lane.due -= 1;
        lane.errorDue += Math.min(1, edge.errorsPerSecond / edge.ratePerSecond);
        const failed = lane.errorDue >= 1;
        if (failed) lane.errorDue -= 1;
        // Several of one frame are spread over the way of that frame.
        dots.push({
          age: (lane.due / Math.max(1e-6, edge.ratePerSecond / this.#scale)) * (1000 / travelMs),
          failed,
        });
      }
    }
  }

  each(visit: DotVisitor): void {
    for (const { edge, dots } of this.#lanes.values()) {
      const { points } = edge.curve;
      const last = points.length / 2 - 1;
      for (const { age, failed } of dots) {
        const place = Math.min(last, Math.max(0, age * last));
        const index = Math.min(last - 1, Math.floor(place));
        const t = place - index;
        const x = points[index * 2]! * (1 - t) + points[index * 2 + 2]! * t;
        const y = points[index * 2 + 1]! * (1 - t) + points[index * 2 + 3]! * t;
        visit(x, y, edge.kind, failed);
      }
    }
  }
}

function phaseOf(id: string): number {
  let hash = 7;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) >>> 0;
  return (hash % 997) / 997;
}
