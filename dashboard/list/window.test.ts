import { expect, test } from "bun:test";
import fc from "fast-check";
import { indexOfId, scrollFor, windowOf } from "./window.ts";

test("every line in sight is in the window, and the window stays small however long the list", () => {
  const n = (max: number) => fc.integer({ min: 0, max });
  fc.assert(
    fc.property(n(1e6), n(1000), n(20_000), (scrollTop, height, count) => {
      const { first, end } = windowOf(scrollTop, height, 22, count);
      for (const y of [scrollTop, scrollTop + height - 1]) {
        const line = Math.floor(y / 22);
        if (height > 0 && line < count) expect(line >= first && line < end).toBe(true);
      }
      expect(end - first).toBeLessThanOrEqual(height / 22 + 20);
      expect(first >= 0 && end <= count && first <= end).toBe(true);
    }),
  );
});

test("scrolls no further than it takes to see a line", () => {
  expect(scrollFor(5, 0, 100, 10)).toBe(0);
  expect(scrollFor(12, 0, 100, 10)).toBe(30);
  expect(scrollFor(2, 50, 100, 10)).toBe(20);
});

test("finds a line by its id, or the next one when it is gone", () => {
  const items = [3, 5, 9];
  const at = (id: number) => indexOfId(items, (item) => item, id);
  expect([0, 3, 4, 5, 9, 10].map(at)).toEqual([0, 0, 1, 1, 2, 3]);
});
