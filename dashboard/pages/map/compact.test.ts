/** The map of many services: rows of a bounded length, nothing on anything else, and the way around by keyboard. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Layout, layoutOf } from "./layout.ts";
import { clients, type MapEdge, type MapModel, type MapNode } from "./model.ts";
import { type Call, rowsOf } from "./rows.ts";
import { found, neighbour, spotOf } from "./spotlight.ts";

const silent = { ratePerSecond: 0, errorsPerSecond: 0, p50Ms: 0, p99Ms: 0 };
const room = { width: 1280, height: 744 };

function node(name: string, role: MapNode["role"] = "service"): MapNode {
  return { name, role, instances: [], ...silent };
}

function edge(from: string, to: string, kind: MapEdge["kind"] = "call"): MapEdge {
  return { id: `${from} ${kind} ${to}`, from, to, kind, topics: [], ...silent };
}

/** `count` services in three layers, each calling two of the next. */
function modelOf(count: number): MapModel {
  const names = Array.from({ length: count }, (_, i) => `service-${i}`);
  const third = Math.ceil(count / 3);
  const calls = names.flatMap((name, i) =>
    [1, 5].map((step) => [name, names[i + third + (step % third)]] as const),
  );
  return {
    nodes: [
      node(clients, "clients"),
      node("gateway", "gateway"),
      node("broker", "broker"),
      node("observer", "observer"),
      ...names.map((name) => node(name)),
    ],
    edges: [
      edge(clients, "gateway"),
      ...names.slice(0, third).map((name) => edge("gateway", name)),
      ...calls.flatMap(([from, to]) => (to === undefined ? [] : [edge(from, to)])),
    ],
  };
}

function overlaps({ nodes }: Layout): string[] {
  const boxes = [...nodes];
  return boxes.flatMap(([a, one], i) =>
    boxes.slice(i + 1).flatMap(([b, other]) => {
      const apart =
        Math.abs(one.x - other.x) >= (one.width + other.width) / 2 ||
        Math.abs(one.y - other.y) >= (one.height + other.height) / 2;
      return apart ? [] : [`${a} and ${b}`];
    }),
  );
}

describe("rows", () => {
  test("are no longer than asked for, with everybody below all callers; a ring is cut", () => {
    const name = fc.integer({ min: 0, max: 29 }).map(String);
    const names = Array.from({ length: 30 }, (_, i) => String(i));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name)), fc.integer({ min: 1, max: 9 }), (calls, most) => {
        const rows = rowsOf(names, calls as Call[], most);
        expect(rows.size).toBe(names.length);
        const filled = Map.groupBy(rows.values(), (row) => row);
        for (const [, row] of filled) expect(row.length).toBeLessThanOrEqual(most);
        const acyclic = calls.filter(([from, to]) => Number(from) < Number(to));
        const straight = rowsOf(names, acyclic, most);
        for (const [from, to] of acyclic) expect(straight.get(from)!).toBeLessThan(straight.get(to)!);
      }),
    );
  });
});

describe("a map of fifty services", () => {
  const model = modelOf(50);
  const layout = layoutOf(model, room);

  test("is compact, can be read in a window of 1280 × 800, and a small one stays roomy", () => {
    expect(layout.density).toBe("compact");
    const scale = Math.min(room.width / layout.width, room.height / layout.height);
    expect(scale).toBeGreaterThan(0.7);
    expect(layoutOf(modelOf(6), room).density).toBe("roomy");
  });

  test("puts nothing on anything else, and every call's line from its caller to its callee", () => {
    expect(overlaps(layout)).toEqual([]);
    for (const { id, from, to } of model.edges) {
      const line = layout.edges.get(id)!;
      const [start, end] = [line[0]!, line.at(-1)!];
      const [caller, callee] = [layout.nodes.get(from)!, layout.nodes.get(to)!];
      expect(Math.abs(start.x - caller.x)).toBeLessThanOrEqual(caller.width / 2);
      expect(start.y).toBeCloseTo(caller.y + caller.height / 2);
      expect(Math.abs(end.x - callee.x)).toBeLessThanOrEqual(callee.width / 2);
      expect(end.y).toBeCloseTo(callee.y - callee.height / 2);
    }
  });

  test("fits a phone in fewer columns, and stays the same while events begin", () => {
    const phone = layoutOf(model, { width: 390, height: 736 });
    expect(phone.width).toBeLessThan(layout.width);
    expect(overlaps(phone)).toEqual([]);
    const later = { ...model, edges: [...model.edges, edge("service-1", "broker", "publish")] };
    expect(layoutOf(later, room).nodes).toEqual(layout.nodes);
  });

  test("a service that calls itself, or one that calls back, is drawn like any other", () => {
    const calls = [edge("service-1", "service-1"), edge("service-40", "service-1")];
    const ring = { ...model, edges: [...model.edges, ...calls] };
    const drawn = layoutOf(ring, room);
    expect(overlaps(drawn)).toEqual([]);
    expect(drawn.edges.has("service-40 call service-1")).toBe(true);
  });
});

describe("looking at one of many", () => {
  const model = modelOf(9);

  test("lights a service with its neighbours, or an edge with its ends", () => {
    const spot = spotOf(model, { service: "service-0" });
    expect([...spot!.nodes].sort()).toEqual(["gateway", "service-0", "service-4", "service-5"]);
    expect(spotOf(model, { edge: "gateway call service-0" })!.nodes).toEqual(
      new Set(["gateway", "service-0"]),
    );
    expect(spotOf(model, { service: "gone" })).toBeUndefined();
    expect(spotOf(model, {})).toBeUndefined();
  });

  test("finds by a part of the name, those that begin with it first", () => {
    expect(found(model, " OB")).toEqual(["observer"]);
    expect(found(model, "er").slice(0, 2)).toEqual(["broker", "observer"]);
    expect(found(model, "client")).toEqual([]);
    expect(found(model, "")).toEqual([]);
  });

  test("an arrow key goes to what lies there, and nowhere from the edge", () => {
    const layout = layoutOf(model);
    expect(neighbour(layout, "gateway", "ArrowUp")).toBeUndefined();
    const below = neighbour(layout, "gateway", "ArrowDown")!;
    expect(layout.nodes.get(below)!.y).toBeGreaterThan(layout.nodes.get("gateway")!.y);
    expect(neighbour(layout, below, "Enter")).toBeUndefined();
  });
});
