import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Held, lost, TagTable } from "./tag-table.ts";

const credit = 20;

test("property: holds what a map would, however long a tag stays in use", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), tags: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constantFrom("take" as const, "lose" as const), pick: fc.nat({ max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const table = new TagTable(credit);
      const model = new Map<number, Held | typeof lost>();
      let next = 1;
      for (const what of steps) {
        if (what.do === "add") {
          const tags = Math.min(what.tags, credit - model.size);
          if (tags === 0) continue;
          const held = { offset: next } as Held;
          expect(table.add(held, tags)).toBe(next);
          for (let tag = next; tag < next + tags; tag++) model.set(tag, held);
          next += tags;
          continue;
        }
        // The newest is picked mostly, so that the oldest stay.
        const tag = [...model.keys()].at(-1 - (what.pick % Math.max(1, model.size))) ?? next;
        if (what.do === "take") {
          expect(table.take(tag)).toBe(model.get(tag));
          model.delete(tag);
        } else if (model.has(tag)) {
          table.replace(tag, lost);
          model.set(tag, lost);
        }
        expect(table.take(tag + 1000)).toBeUndefined();
      }
      expect(table.count).toBe(model.size);
      const seen: [number, Held | typeof lost][] = [];
      table.forEach((held, tag) => void seen.push([tag, held]));
      expect(seen).toEqual([...model]);
    }),
  );
});
