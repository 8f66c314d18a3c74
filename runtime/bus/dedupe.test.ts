import { expect, test } from "bun:test";
import fc from "fast-check";
import { Dedupe } from "./dedupe.ts";

const id = (text: string) => Buffer.from(text);
const seen = (dedupe: Dedupe, text: string, offset: number, now = 0) =>
  dedupe.seen(id(text), 0, id(text).length, offset, now);

test("knows exactly the ids it was given, as a map would", () => {
  const ids = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 400 });
  fc.assert(
    fc.property(ids, (all) => {
      const dedupe = new Dedupe({ windowIds: 100_000, windowMs: 1000 }, 0);
      const model = new Map<string, number>();
      all.forEach((text, offset) => {
        expect(seen(dedupe, text, offset)).toBe(model.get(text) ?? -1);
        if (!model.has(text)) model.set(text, offset);
      });
    }),
  );
});

test("grows to its window, remembers at least that many, and then forgets the oldest", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 1000 }, 0);
  for (let i = 0; i < 5000; i++) expect(seen(dedupe, `id-${i}`, i)).toBe(-1);
  for (let i = 4001; i < 5000; i++) expect(seen(dedupe, `id-${i}`, 9999)).toBe(i);
  expect(seen(dedupe, "id-0", 5000)).toBe(-1);
});

test("remembers for at least its time", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 100 }, 0);
  seen(dedupe, "a", 1, 90);
  expect(seen(dedupe, "a", 2, 110)).toBe(1);
  expect(seen(dedupe, "a", 2, 189)).toBe(1);
  seen(dedupe, "b", 2, 215);
  expect(seen(dedupe, "a", 3, 320)).toBe(-1);
});

test("takes back what a failed commit had", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 100 }, 0);
  seen(dedupe, "kept", 0);
  seen(dedupe, "lost", 1);
  dedupe.forgetFrom(1);
  expect(seen(dedupe, "kept", 5)).toBe(0);
  expect(seen(dedupe, "lost", 1)).toBe(-1);
  expect(seen(dedupe, "lost", 7)).toBe(1);
});
