import { describe, expect, test } from "bun:test";
import type { ErrorCode } from "../../sdk/errors.ts";
import type { Clock } from "../clock.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { MemoryRegistry } from "./memory-registry.ts";
import { record } from "./registry.case.ts";
import { RegistryView } from "./view.ts";

function connected(clock: Clock = new VirtualClock(1000), maxWaiters = 8) {
  const registry = new MemoryRegistry();
  const view = new RegistryView({ clock, maxWaiters });
  view.apply(registry.snapshot());
  registry.watch((delta) => view.applyDelta(delta));
  return { registry, view };
}

const rejectsWith = (promise: Promise<unknown>, code: ErrorCode) =>
  expect(promise).rejects.toMatchObject({ code });

test("a gap in the deltas is noticed, a repeated delta is not", () => {
  const view = new RegistryView();
  expect(view.applyDelta({ from: 0, to: 1, upserts: [], removes: [] })).toBe(false);
  view.apply({ version: 4, instances: [record("a-1")] });
  const next = { from: 4, to: 5, upserts: [record("a-2")], removes: [] };
  expect(view.applyDelta({ from: 5, to: 6, upserts: [], removes: ["a-1"] })).toBe(false);
  expect(view.ready("a")).toHaveLength(1);
  expect(view.applyDelta(next)).toBe(true);
  expect(view.applyDelta(next)).toBe(true);
  expect(view.version).toBe(5);
  expect(view.ready("a").map(({ id }) => id)).toEqual(["a-1", "a-2"]);
});

test("a snapshot replaces everything, older versions too", () => {
  const view = new RegistryView();
  view.apply({ version: 9, instances: [record("a-1"), record("b-1")] });
  view.apply({ version: 2, instances: [record("b-2")] });
  expect(view.version).toBe(2);
  expect(view.has("a")).toBe(false);
  expect(view.isReady("a")).toBe(false);
  expect(view.ready("b").map(({ id }) => id)).toEqual(["b-2"]);
});

test("ready gives the same array until the service's ready instances change", () => {
  const { registry, view } = connected();
  registry.put(record("a-10"));
  registry.put(record("a-2"));
  const before = view.ready("a");
  expect(before.map(({ id }) => id)).toEqual(["a-2", "a-10"]);
  registry.put(record("b-1"));
  registry.put(record("a-3", "starting"));
  expect(view.ready("a")).toBe(before);
  registry.put(record("a-2", "draining"));
  expect(view.ready("a").map(({ id }) => id)).toEqual(["a-10"]);
  expect(before).toHaveLength(2);
});

test("onChange names the services concerned and ends when asked", () => {
  const { registry, view } = connected();
  const heard: string[][] = [];
  const leave = view.onChange((services) => heard.push([...services]));
  registry.put(record("a-1"));
  registry.put(record("b-1"));
  leave();
  registry.put(record("c-1"));
  expect(heard).toEqual([["a"], ["b"]]);
});

describe("waitReady", () => {
  test("resolves at once, or when an instance becomes ready", async () => {
    const clock = new VirtualClock(1000);
    const { registry, view } = connected(clock);
    registry.put(record("a-1", "starting"));
    const waits = [view.waitReady("a", 2000), view.waitReady("a", 2000)];
    registry.put(record("a-1", "ready"));
    await Promise.all(waits);
    await view.waitReady("a", 0);
    expect(clock.timers).toBe(0);
  });

  test("in vain: no-ready-instance, saying whether it ever was and what is there", async () => {
    const clock = new VirtualClock(1000);
    const { registry, view } = connected(clock);
    registry.put(record("a-1", "starting"));
    const first = view.waitReady("a", 1500);
    clock.advance(500);
    await expect(first).rejects.toThrow("waited 500 ms in vain for a: has never been ready (a-1 starting)");
    registry.put(record("a-1", "ready"));
    registry.put(record("a-1", "unhealthy"));
    const second = view.waitReady("a", 2000);
    clock.advance(500);
    await expect(second).rejects.toThrow("not ready any more (a-1 unhealthy)");
    await rejectsWith(second, "no-ready-instance");
  });

  test("a deadline that is past is deadline-exceeded, even at once", async () => {
    const { view } = connected();
    await rejectsWith(view.waitReady("a", 1000), "deadline-exceeded");
  });

  test("no deadline means no timer", async () => {
    const clock = new VirtualClock(1000);
    const { registry, view } = connected(clock);
    const wait = view.waitReady("a", Number.POSITIVE_INFINITY);
    expect(clock.timers).toBe(0);
    registry.put(record("a-1"));
    await wait;
  });

  test("ends at once for a service that is down, and waits through a restart", async () => {
    const clock = new VirtualClock(1000);
    const { registry, view } = connected(clock);
    registry.put(record("orders-1", "starting"));
    const waiting = view.waitReady("orders", 1500);
    registry.put({ ...record("orders-1", "stopped"), restarting: true });
    expect(clock.timers).toBe(1);
    registry.put(record("orders-1", "stopped"));
    await expect(waiting).rejects.toMatchObject({ code: "no-ready-instance" });
    await expect(view.waitReady("orders", 1500)).rejects.toMatchObject({ code: "no-ready-instance" });
    expect(clock.timers).toBe(0);
  });

  test("a signal cancels it and leaves nothing behind", async () => {
    const clock = new VirtualClock(1000);
    const { view } = connected(clock, 1);
    const abort = new AbortController();
    const wait = view.waitReady("a", 2000, abort.signal);
    abort.abort();
    await rejectsWith(wait, "cancelled");
    await rejectsWith(view.waitReady("a", 2000, abort.signal), "cancelled");
    expect(clock.timers).toBe(0);
    const next = view.waitReady("a", 2000);
    clock.advance(1000);
    await rejectsWith(next, "no-ready-instance");
  });

  test("is bounded per service", async () => {
    const { registry, view } = connected(new VirtualClock(1000), 2);
    const waits = [view.waitReady("a", 2000), view.waitReady("a", 2000)];
    await rejectsWith(view.waitReady("a", 2000), "overloaded");
    const other = view.waitReady("b", 2000);
    registry.put(record("a-1"));
    registry.put(record("b-1"));
    await Promise.all([...waits, other]);
  });
});

test("a bad bound fails at construction and names its key", () => {
  expect(() => new RegistryView({ maxWaiters: 0 })).toThrow("maxWaiters");
});
