import { expect, test } from "bun:test";
import { record } from "./registry.case.ts";
import type { InstanceState } from "./registry.ts";
import { checkStep } from "./states.ts";

const states: readonly InstanceState[] = ["starting", "ready", "draining", "stopped", "unhealthy"];

const legal: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  starting: ["starting", "ready", "draining", "stopped", "unhealthy"],
  ready: ["ready", "draining", "stopped", "unhealthy"],
  unhealthy: ["unhealthy", "ready", "draining", "stopped"],
  draining: ["draining", "stopped"],
  stopped: ["stopped"],
};

for (const from of states) {
  for (const to of states) {
    const allowed = legal[from].includes(to);
    test(`${from} → ${to} is ${allowed ? "legal" : "illegal"}`, () => {
      const step = () => checkStep(record("a-1", from), record("a-1", to));
      if (allowed) step();
      else expect(step).toThrow(`cannot go from ${from} to ${to}`);
    });
  }
}

test("a new generation begins at starting, after the last one stopped", () => {
  const next = record("a-1", "starting", { generation: 2 });
  checkStep(record("a-1", "stopped"), next);
  expect(() => checkStep(record("a-1", "ready"), next)).toThrow("while the last one is ready");
  expect(() => checkStep(record("a-1", "stopped"), { ...next, state: "ready" })).toThrow("as ready");
});

test("a generation never comes back", () => {
  const old = record("a-1", "stopped");
  expect(() => checkStep(record("a-1", "starting", { generation: 2 }), old)).toThrow(
    "already at generation 2",
  );
});

test("nobody enters on the way out, and an id stays with its service", () => {
  expect(() => checkStep(undefined, record("a-1", "draining"))).toThrow("cannot enter as draining");
  expect(() => checkStep(record("a-1"), { ...record("a-1"), service: "b" })).toThrow("belongs to a");
});
