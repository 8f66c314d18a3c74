import { expect, test } from "bun:test";
import fc from "fast-check";
import { TagRanges } from "./tag-ranges.ts";

function rangesOf(tags: readonly number[]): number[] {
  const ranges = new TagRanges();
  for (const tag of tags) ranges.add(tag);
  return ranges.take();
}

test("tags become ranges, in whatever order they came", () => {
  expect(rangesOf([1, 2, 3, 5, 7, 8])).toEqual([1, 3, 5, 5, 7, 8]);
  expect(rangesOf([3, 1, 2])).toEqual([1, 3]);
  expect(rangesOf([])).toEqual([]);
});

test("ranges hold exactly the tags that were added, apart from each other", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (tags) => {
      const ranges = rangesOf(tags);
      const held: number[] = [];
      for (let i = 0; i < ranges.length; i += 2) {
        if (i > 0) expect(ranges[i]!).toBeGreaterThan(ranges[i - 1]! + 1);
        for (let tag = ranges[i]!; tag <= ranges[i + 1]!; tag++) held.push(tag);
      }
      expect(held).toEqual([...tags].sort((a, b) => a - b));
    }),
  );
});

test("begins anew after it was taken", () => {
  const ranges = new TagRanges();
  ranges.add(9);
  ranges.add(3);
  expect(ranges.take()).toEqual([3, 3, 9, 9]);
  expect(ranges.empty).toBe(true);
  ranges.add(4);
  expect(ranges.take()).toEqual([4, 4]);
});
