import { describe, expect, test } from "bun:test";
import { findBottleneck, presenceOf } from "./bottleneck.ts";
import type { EdgeFigures, RunFigures, ServiceFigures } from "./figures.ts";
import { parseCpuList, parseTicks } from "./machine.ts";

function service(name: string, perSecond: number, meanMs: number, cpu: number): ServiceFigures {
  return {
    service: name,
    role: name === "gateway" ? "gateway" : "service",
    instances: 1,
    perSecond,
    meanMs,
    sqlMsPerSecond: 0,
    cpu,
    busiest: { instance: `${name}-1`, cpu },
    loopDelayMs: 1,
  };
}

const call = (from: string, to: string, perSecond: number, meanMs: number): EdgeFigures => ({
  ...{ from, to, kind: "call", perSecond, meanMs },
  ...{ errorsPerSecond: 0, p50Ms: meanMs, p99Ms: meanMs },
});

/** 100 requests a second: 50 ms at the edge, of which 10 ms are in front itself and 30 ms in the line for back. */
function figures(cpu: { front: number; back: number }, mode: RunFigures["mode"] = "processes") {
  return {
    mode,
    services: [
      service("gateway", 100, 50, 0.1),
      service("front", 100, 48, cpu.front),
      service("back", 100, 5, cpu.back),
    ],
    edges: [call("gateway", "front", 100, 49), call("front", "back", 100, 35)],
  };
}

const idle = { cores: 2, busyShare: 0.3 };

describe("where requests are", () => {
  test("a rate times the time, without what is spent elsewhere", () => {
    const found = new Map(presenceOf(figures({ front: 0, back: 0 })).map((each) => [each.service, each]));
    expect(found.get("gateway")!.own).toBeCloseTo(0.1);
    expect(found.get("front")!.own).toBeCloseTo(1.3);
    expect(found.get("front")!.waiting).toBeCloseTo(0.1);
    expect(found.get("back")!.own).toBeCloseTo(0.5);
    expect(found.get("back")!.waiting).toBeCloseTo(3);
  });

  test("begins with where most of them are", () => {
    expect(presenceOf(figures({ front: 0, back: 0 }))[0]!.service).toBe("back");
  });
});

describe("the bottleneck", () => {
  test("is the service whose event loop is full", () => {
    const found = findBottleneck(figures({ front: 0.97, back: 0.4 }), idle)!;
    expect(found).toMatchObject({ service: "front", kind: "process" });
    expect(found.reason).toContain("front-1 used 97 % of a core");
    expect(found.reason).toContain("3.5 were at back, 3 of them in line for it");
  });

  test("is the machine when all cores are busy and none belongs to one", () => {
    const found = findBottleneck(figures({ front: 0.3, back: 0.6 }), { cores: 2, busyShare: 0.99 })!;
    expect(found).toMatchObject({ service: "back", kind: "machine" });
    // 0.1 + 0.3 + 0.6 of 1.98 busy cores.
    expect(found.reason).toContain("51 % of that with this run");
  });

  test("is where requests are when other programs fill the machine", () => {
    const found = findBottleneck(figures({ front: 0.1, back: 0.1 }), { cores: 2, busyShare: 1 })!;
    expect(found).toMatchObject({ service: "back", kind: "machine" });
    expect(found.reason).toContain("85 % of that was the load generator and other programs");
  });

  test("is where requests are when no CPU is short", () => {
    expect(findBottleneck(figures({ front: 0.1, back: 0.1 }), idle)).toMatchObject({
      service: "back",
      kind: "waiting",
    });
  });

  test("is the one process in a monolith", () => {
    const found = findBottleneck(figures({ front: 0.99, back: 0.99 }, "monolith"), idle)!;
    expect(found.kind).toBe("process");
    expect(found.reason).toContain("its event loop serves all");
  });

  test("is none that had nothing to do, however busy it was", () => {
    const asked = figures({ front: 0.1, back: 0.1 });
    const services = [...asked.services, service("observer", 0, 0, 0.99), service("starting", 0, 0, 0.9)];
    expect(findBottleneck({ ...asked, services }, idle)).toMatchObject({ service: "back", kind: "waiting" });
  });

  test("is the broker when that is full, which has edges and no requests", () => {
    const asked = figures({ front: 0.1, back: 0.1 });
    const services = [...asked.services, service("broker", 0, 0, 0.95)];
    const publish: EdgeFigures = { ...call("front", "broker", 100, 2), kind: "publish", topic: "orders" };
    const found = findBottleneck({ ...asked, services, edges: [...asked.edges, publish] }, idle);
    expect(found).toMatchObject({ service: "broker", kind: "process" });
  });

  test("is nothing when nothing was asked", () => {
    expect(findBottleneck({ mode: "processes", services: [], edges: [] }, idle)).toBeUndefined();
    const quiet = { mode: "processes" as const, services: [service("gateway", 0, 0, 0)], edges: [] };
    expect(findBottleneck(quiet, idle)).toBeUndefined();
  });
});

test("the machine's ticks: all that is neither idle nor waiting for a disk is busy, on the cores that may be used", () => {
  const text = "cpu  20 1 5 80 3 1 1 4 0 0\ncpu0 10 1 5 80 3 1 1 4 0 0\ncpu1 10 0 0 0 0 0 0 0 0 0\nintr 5\n";
  expect(parseTicks(text, new Set([0]))).toEqual({ busy: 22, all: 105 });
  expect(parseTicks(text, new Set([0, 1]))).toEqual({ busy: 32, all: 115 });
  expect(parseTicks(text, new Set([7]))).toBeUndefined();
  expect(parseCpuList("0-2,5\n")).toEqual(new Set([0, 1, 2, 5]));
});
