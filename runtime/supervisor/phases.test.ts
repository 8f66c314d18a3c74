import { expect, test } from "bun:test";
import fc from "fast-check";
import type { InstanceRecord } from "../registry/registry.ts";
import { checkStep } from "../registry/states.ts";
import {
  canStep,
  hasProcess,
  isSettled,
  type Phase,
  type PhaseEvent,
  registryState,
  step,
} from "./phases.ts";

const events: readonly PhaseEvent[] = [
  "launch",
  "linked",
  "ready",
  "ill",
  "well",
  "drain",
  "died",
  "gave-up",
  "ended",
];

test("no sequence of events leads where the registry would refuse to follow", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 60 }), (sequence) => {
      let phase: Phase = "stopped";
      let record: InstanceRecord | undefined;
      let generation = 0;
      for (const event of sequence) {
        if (!canStep(phase, event)) {
          expect(() => step(phase, event)).toThrow("cannot");
          continue;
        }
        phase = step(phase, event);
        if (event === "launch") generation += 1;
        const state = registryState(phase);
        const next = {
          id: "a-1",
          service: "a",
          version: "1",
          generation,
          state,
          address: "",
          weight: 1,
          since: 0,
        };
        checkStep(record, next);
        record = next;
      }
    }),
  );
});

test("whatever has a process can lose it, and whatever has none can be launched", () => {
  const phases: readonly Phase[] = [
    "stopped",
    "launching",
    "starting",
    "ready",
    "unhealthy",
    "draining",
    "backoff",
    "crash-loop",
  ];
  for (const phase of phases) {
    expect(canStep(phase, "launch")).toBe(!hasProcess(phase));
    if (hasProcess(phase)) expect(canStep(phase, "ended")).toBe(true);
    // Who waits for an instance to settle must not wait for ever: the others all have a timer running.
    expect(isSettled(phase)).toBe(["stopped", "ready", "unhealthy", "crash-loop"].includes(phase));
  }
});
