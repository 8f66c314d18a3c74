import { describe, expect, test } from "bun:test";
import type { InstanceInfo } from "../../../runtime/control/api.ts";
import type { LiveEdge } from "../../../runtime/telemetry/query.ts";
import type { Topology } from "../../../runtime/topology/model.ts";
import { curveOf } from "./curve.ts";
import { Flow, type FlowEdge, scaleFor } from "./flow.ts";
import { layoutOf, shapeOf } from "./layout.ts";
import { mapOf } from "./model.ts";

const services = ["catalog", "inventory", "orders", "payments"];

function info(service: string, state: InstanceInfo["state"] = "ready"): InstanceInfo {
  const role = service === "gateway" || service === "broker" || service === "observer" ? service : "service";
  const none = { version: "1", generation: 1, address: "", restarts: 0 };
  return { id: `${service}-1`, service, role, state, ...none };
}

/** Only what the map reads. */
function topologyOf(uses: Readonly<Record<string, readonly string[]>>): Topology {
  const route = (service: string) => ({ target: { kind: "service", service, rewrite: "/" } });
  return {
    gateway: { routes: [route("orders"), route("catalog")] },
    services: Object.fromEntries(
      Object.entries(uses).map(([name, others]) => [
        name,
        { name, uses: others.map((service) => ({ service })) },
      ]),
    ),
  } as unknown as Topology;
}

const instances = ["gateway", "broker", "observer", ...services].map((name) => info(name));
const topology = topologyOf({ orders: ["catalog", "inventory"] });
const stats = { ratePerSecond: 10, errorsPerSecond: 1, p50Ms: 1, p99Ms: 5 };

function withEdges(...edges: LiveEdge[]) {
  return mapOf({ topology, instances, graph: { at: 0, nodes: [], edges } });
}

describe("the model", () => {
  test("shows what may be called before anything is", () => {
    const { nodes, edges } = mapOf({ topology, instances, graph: undefined });
    expect(nodes.map(({ name }) => name)).toEqual(["clients", "gateway", "broker", "observer", ...services]);
    expect(edges.map(({ id }) => id)).toEqual([
      "clients call gateway",
      "gateway call orders",
      "gateway call catalog",
      "orders call catalog",
      "orders call inventory",
    ]);
  });

  test("is one line for all topics between the same two, with the sum of their rates", () => {
    const publish = { from: "orders", to: "broker", kind: "publish", ...stats } as const;
    const { edges, nodes } = withEdges({ ...publish, topic: "a" }, { ...publish, topic: "b", p99Ms: 9 });
    const edge = edges.find(({ id }) => id === "orders publish broker");
    expect(edge).toMatchObject({ ratePerSecond: 20, errorsPerSecond: 2, p99Ms: 9 });
    expect(edge?.topics.map(({ topic }) => topic)).toEqual(["a", "b"]);
    expect(nodes.find(({ name }) => name === "broker")?.ratePerSecond).toBe(20);
  });

  test("has the supervisor's states, and no edge to who is not there", () => {
    const known = instances.map((one) => (one.service === "catalog" ? info("catalog", "backoff") : one));
    const graph = {
      at: 0,
      nodes: [],
      edges: [{ from: "orders", to: "gone", kind: "call" as const, ...stats }],
    };
    const { nodes, edges } = mapOf({ topology, instances: known, graph });
    expect(nodes.find(({ name }) => name === "catalog")?.instances[0]?.state).toBe("backoff");
    expect(edges.some(({ to }) => to === "gone")).toBe(false);
  });
});

describe("the layout", () => {
  const model = mapOf({ topology, instances, graph: undefined });
  const layout = layoutOf(model);
  const boxes = [...layout.nodes];

  test("puts nothing on anything else", () => {
    for (const [a, one] of boxes) {
      for (const [b, other] of boxes) {
        if (a >= b) continue;
        const apart =
          Math.abs(one.x - other.x) >= (one.width + other.width) / 2 ||
          Math.abs(one.y - other.y) >= (one.height + other.height) / 2;
        expect([a, b, apart]).toEqual([a, b, true]);
      }
    }
  });

  test("has callers above those they call, and the broker below all", () => {
    const y = (name: string) => layout.nodes.get(name)!.y;
    for (const { from, to } of model.edges) expect(y(from)).toBeLessThan(y(to));
    for (const name of services) expect(y(name)).toBeLessThan(y("broker"));
  });

  test("leads ways to the bus around the services below", () => {
    for (const name of services) {
      const end = layout.edges.get(`${name} publish broker`)!.at(-1)!;
      const { y, height } = layout.nodes.get(name)!;
      for (const other of services) {
        const box = layout.nodes.get(other)!;
        if (box.y <= y + height) continue;
        expect(Math.abs(box.x - end.x)).toBeGreaterThan(box.width / 2);
      }
    }
  });

  test("stays as it is when events begin to flow", () => {
    const later = withEdges({ from: "orders", to: "broker", kind: "publish", topic: "a", ...stats });
    expect(shapeOf(later)).toBe(shapeOf(model));
    expect(layoutOf(later).nodes).toEqual(layout.nodes);
  });
});

test("a curve's points stand at equal distances from end to end", () => {
  const { points, length } = curveOf([
    { x: 0, y: 0 },
    { x: 0, y: 100 },
    { x: 80, y: 100 },
    { x: 80, y: 200 },
  ]);
  expect([...points.slice(0, 2), ...points.slice(-2)]).toEqual([0, 0, 80, 200]);
  const distances = Array.from({ length: points.length / 2 - 1 }, (_, i) =>
    Math.hypot(points[i * 2 + 2]! - points[i * 2]!, points[i * 2 + 3]! - points[i * 2 + 1]!),
  );
  const mean = length / distances.length;
  for (const distance of distances) expect(Math.abs(distance - mean)).toBeLessThan(0.2 * mean);
});

describe("the flow", () => {
  const curve = curveOf([
    { x: 0, y: 0 },
    { x: 0, y: 300 },
  ]);
  const edge = (id: string, ratePerSecond: number, errorsPerSecond = 0): FlowEdge => ({
    id,
    curve,
    ratePerSecond,
    errorsPerSecond,
    kind: "call",
  });

  /** Dots that started on each edge within ten seconds, by following their x = 0, y ≈ 0 births. */
  function started(edges: readonly FlowEdge[]): {
    starts: number;
    failed: number;
    scale: number;
    most: number;
  } {
    const flow = new Flow();
    flow.update(edges);
    let starts = 0;
    let failed = 0;
    let most = 0;
    const frameMs = 10;
    for (let now = 0; now < 10_000; now += frameMs) {
      flow.advance(frameMs);
      let count = 0;
      flow.each((_, y, __, isFailed) => {
        count += 1;
        // 300 pixels in two seconds: the first frame's way.
        if (y < 1.5) {
          starts += 1;
          if (isFailed) failed += 1;
        }
      });
      most = Math.max(most, count);
    }
    return { starts, failed, scale: flow.scale, most };
  }

  test("one dot is one request while there are few", () => {
    const { starts, scale } = started([edge("a", 4)]);
    expect(scale).toBe(1);
    expect(Math.abs(starts - 40)).toBeLessThanOrEqual(1);
  });

  test("dots are bounded, and stand for as many requests everywhere", () => {
    const edges = Array.from({ length: 100 }, (_, i) => edge(`e${i}`, i === 0 ? 10_000 : 100));
    const { most, scale, starts } = started(edges);
    expect(most).toBeLessThan(1000);
    expect(Math.abs(starts * scale - 199_000)).toBeLessThan(20_000);
  });

  test("errors are their share of the dots", () => {
    const { starts, failed } = started([edge("a", 10, 2.5)]);
    expect(Math.abs(failed / starts - 0.25)).toBeLessThan(0.03);
  });

  test("is still when nothing flows any more", () => {
    const flow = new Flow();
    flow.update([edge("a", 50)]);
    flow.advance(100);
    expect(flow.isStill).toBe(false);
    flow.update([edge("a", 0)]);
    for (let i = 0; i < 40; i++) flow.advance(100);
    expect(flow.isStill).toBe(true);
  });

  test("the scale is 1, 2, 5, 10, …", () => {
    expect([0, 40, 41, 300, 20_000].map((rate) => scaleFor([rate]))).toEqual([1, 1, 2, 10, 500]);
  });
});
