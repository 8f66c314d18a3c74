import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { InstanceRecord, InstanceState, Registry, RegistryDelta } from "./registry.ts";
import { checkStep } from "./states.ts";
import { RegistryView } from "./view.ts";

export function record(
  id: string,
  state: InstanceState = "ready",
  more: Partial<InstanceRecord> = {},
): InstanceRecord {
  const service = id.slice(0, id.lastIndexOf("-"));
  return {
    id,
    service,
    version: "1.0.0",
    generation: 1,
    state,
    address: `memory:${id}`,
    weight: 1,
    since: 0,
    ...more,
  };
}

/** What every Registry must do. */
export function registryCases(name: string, make: () => Registry): void {
  describe(`registry: ${name}`, () => {
    test("is empty at first", () => {
      const registry = make();
      expect(registry.snapshot().instances).toEqual([]);
      expect(registry.get("orders-1")).toBeUndefined();
    });

    test("gives back what was put", () => {
      const registry = make();
      registry.put(record("orders-1", "starting"));
      registry.put(record("orders-1", "ready", { pid: 7 }));
      expect(registry.get("orders-1")).toEqual(record("orders-1", "ready", { pid: 7 }));
      expect(registry.snapshot().instances).toEqual([record("orders-1", "ready", { pid: 7 })]);
    });

    test("every change is one version, and one delta that joins the last", () => {
      const registry = make();
      const deltas: RegistryDelta[] = [];
      const first = registry.snapshot().version;
      registry.watch((delta) => deltas.push(delta));
      registry.put(record("orders-1", "starting"));
      registry.put(record("orders-1", "ready"));
      registry.put(record("orders-1", "ready"));
      registry.put(record("orders-1", "ready", { weight: 3 }));
      registry.remove("orders-1");
      registry.remove("orders-1");
      expect(deltas.map(({ from, to }) => [from - first, to - first])).toEqual([
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ]);
      expect(registry.snapshot()).toEqual({ version: first + 4, instances: [] });
    });

    test("an illegal step throws, changes nothing and is not told", () => {
      const registry = make();
      registry.put(record("orders-1", "starting"));
      registry.put(record("orders-1", "stopped"));
      const before = registry.snapshot();
      let told = 0;
      registry.watch(() => told++);
      expect(() => registry.put(record("orders-1", "ready"))).toThrow(MicrocosmError);
      expect(registry.snapshot()).toEqual(before);
      expect(told).toBe(0);
    });

    test("a watcher hears what comes after it, until it leaves", () => {
      const registry = make();
      const heard: string[] = [];
      registry.put(record("a-1", "starting"));
      const leave = registry.watch((delta) => heard.push(...delta.upserts.map(({ id }) => id)));
      registry.put(record("b-1", "starting"));
      leave();
      leave();
      registry.put(record("c-1", "starting"));
      expect(heard).toEqual(["b-1"]);
    });

    test("a watcher that changes the registry does not put others out of order", () => {
      const registry = make();
      const view = new RegistryView();
      view.apply(registry.snapshot());
      registry.watch(({ upserts }) => {
        if (upserts[0]?.id === "a-1" && registry.get("b-1") === undefined) registry.put(record("b-1"));
      });
      registry.watch((delta) => expect(view.applyDelta(delta)).toBe(true));
      registry.put(record("a-1", "starting"));
      expect(view.all()).toEqual([record("a-1", "starting"), record("b-1")]);
    });

    test("one that joins while a change is told starts from its own snapshot", () => {
      const registry = make();
      const late = new RegistryView();
      registry.watch(() => {
        if (late.version >= 0) return;
        late.apply(registry.snapshot());
        registry.watch((delta) => expect(late.applyDelta(delta)).toBe(true));
      });
      registry.put(record("a-1", "starting"));
      registry.put(record("a-1", "ready"));
      expect(late.ready("a").map(({ id }) => id)).toEqual(["a-1"]);
    });

    test("a watcher that throws keeps the others informed", () => {
      const registry = make();
      let told = 0;
      registry.watch(() => {
        throw new Error("watcher");
      });
      registry.watch(() => told++);
      expect(() => registry.put(record("a-1", "starting"))).toThrow();
      expect(() => registry.put(record("a-1", "ready"))).toThrow();
      expect(told).toBe(2);
    });

    test("property: deltas applied to a view equal the snapshot, whatever happened", () => {
      fc.assert(
        fc.property(fc.array(change, { maxLength: 60 }), fc.nat(60), (changes, joinAt) => {
          const registry = make();
          const view = new RegistryView();
          const model = new Map<string, InstanceRecord>();
          changes.forEach((step, index) => {
            if (index === joinAt) {
              view.apply(registry.snapshot());
              registry.watch((delta) => expect(view.applyDelta(delta)).toBe(true));
            }
            applyTo(registry, model, step);
          });
          if (joinAt >= changes.length) view.apply(registry.snapshot());
          const snapshot = registry.snapshot();
          expect(view.version).toBe(snapshot.version);
          expect(view.all()).toEqual(sorted([...snapshot.instances]));
          expect(view.all()).toEqual(sorted([...model.values()]));
          for (const service of ["a", "b"]) {
            const ready = view.all().filter((one) => one.service === service && one.state === "ready");
            expect(view.ready(service)).toEqual(ready);
            expect(view.isReady(service)).toBe(ready.length > 0);
          }
        }),
      );
    });
  });
}

type Change = { readonly remove: boolean; readonly record: InstanceRecord };

const change: fc.Arbitrary<Change> = fc.record({
  remove: fc.integer({ min: 0, max: 5 }).map((die) => die === 0),
  record: fc
    .record({
      id: fc.constantFrom("a-1", "a-2", "a-10", "b-1"),
      state: fc.constantFrom<InstanceState>("starting", "ready", "ready", "draining", "stopped", "unhealthy"),
      generation: fc.integer({ min: 1, max: 2 }),
      weight: fc.integer({ min: 1, max: 2 }),
    })
    .map(({ id, state, ...more }) => record(id, state, more)),
});

/** The registry must throw exactly when the table of states does. */
function applyTo(registry: Registry, model: Map<string, InstanceRecord>, step: Change): void {
  const { id } = step.record;
  if (step.remove) {
    registry.remove(id);
    model.delete(id);
    return;
  }
  try {
    checkStep(model.get(id), step.record);
  } catch {
    expect(() => registry.put(step.record)).toThrow(MicrocosmError);
    return;
  }
  registry.put(step.record);
  model.set(id, step.record);
}

function sorted(records: InstanceRecord[]): InstanceRecord[] {
  return records.sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
}
