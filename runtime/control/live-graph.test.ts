import { expect, test } from "bun:test";
import type { LiveGraph, LiveInstance, LiveNode } from "../telemetry/query.ts";
import type { InstanceInfo } from "./api.ts";
import { withInstances } from "./live-graph.ts";

const stats = { ratePerSecond: 5, errorsPerSecond: 1, p50Ms: 2, p99Ms: 9 };

function info(
  id: string,
  state: InstanceInfo["state"],
  role: InstanceInfo["role"] = "service",
): InstanceInfo {
  const service = id.slice(0, id.lastIndexOf("-"));
  return { id, service, role, version: "1.0.0", generation: 3, state, address: "", restarts: 2, rssBytes: 7 };
}

function live(id: string): LiveInstance {
  const rest = { pending: 4, cpu: 0.5, rssBytes: 1, loopDelayMs: 2 };
  return { id, generation: 0, state: "unknown", ...stats, ...rest };
}

function node(service: string, ...instances: LiveInstance[]): LiveNode {
  return { service, role: "service", ...stats, instances };
}

test("every instance is there in its state; what it does comes from the observer", () => {
  const graph: LiveGraph = {
    at: 1,
    nodes: [node("orders", live("orders-1"), live("orders-9")), node("python", live("python"))],
    edges: [],
  };
  const instances = [
    info("orders-1", "ready"),
    info("orders-2", "crash-loop"),
    info("broker-1", "ready", "broker"),
  ];
  const { nodes } = withInstances(graph, instances);
  expect(nodes.map(({ service, role }) => [service, role])).toEqual([
    ["orders", "service"],
    ["broker", "broker"],
    ["python", "service"],
  ]);
  expect(nodes[0]).toMatchObject(stats);
  expect(nodes[0]?.instances).toMatchObject([
    { id: "orders-1", state: "ready", generation: 3, pending: 4, cpu: 0.5, rssBytes: 7, ratePerSecond: 5 },
    { id: "orders-2", state: "crash-loop", pending: 0, ratePerSecond: 0 },
  ]);
  // orders-9 is gone: what the observer still remembers of it is no instance.
  expect(nodes[0]?.instances).toHaveLength(2);
  expect(nodes[1]).toMatchObject({ ratePerSecond: 0, p99Ms: null });
});
