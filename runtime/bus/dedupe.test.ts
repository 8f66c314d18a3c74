import { expect, test } from "bun:test";
import fc from "fast-check";
import { Dedupe } from "./dedupe.ts";

const id = (text: string) => Buffer.from(text);
const seen = (dedupe: Dedupe, text: string, offset: number, now = 0) =>
  dedupe.seen(id(text), 0, id(text).length, offset, now);

test("knows exactly the ids it was given, as a map would", () => {
  const ids = fc.array(fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.uuid()), { maxLength: 400 });
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

test("UUIDs are kept as bytes: 48 bytes an id at most, however full its window", () => {
  const windowIds = 16_384;
  const dedupe = new Dedupe({ windowIds, windowMs: 1000 }, 0);
  let most = 0;
  let known = 0;
  for (let i = 0; i < windowIds * 3; i++) {
    const uuid = `018f4a2e-7b10-7c3d-9a1b-${i.toString(16).padStart(12, "0")}`;
    if (dedupe.seen(id(uuid), 0, uuid.length, i, 0) !== -1) known++;
    most = Math.max(most, dedupe.bytes);
  }
  expect(known).toBe(0);
  expect(most).toBeLessThanOrEqual(2 * windowIds * 48);
});

test("what is nearly the same UUID is another id", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 1000 }, 0);
  const uuid = "018f4a2e-7b10-7c3d-9a1b-0123456789ab";
  const packed = Buffer.from(uuid.replaceAll("-", ""), "hex").toString("latin1");
  const others = [uuid.toUpperCase(), uuid.replace("-", "0"), uuid.replace("a", "g"), `${uuid}0`];
  const all = [uuid, ...others, uuid.slice(1), uuid.replaceAll("-", "")];
  for (const [offset, text] of all.entries()) expect(seen(dedupe, text, offset)).toBe(-1);
  expect(dedupe.seen(Buffer.from(packed, "latin1"), 0, 16, 99, 0)).toBe(-1);
  for (const [offset, text] of all.entries()) expect(seen(dedupe, text, 100)).toBe(offset);
});

test("offsets beyond 32 bits", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 1000 }, 0);
  for (const [i, offset] of [2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1].entries()) {
    expect(seen(dedupe, `id-${i}`, offset)).toBe(-1);
    expect(seen(dedupe, `id-${i}`, 7)).toBe(offset);
  }
});
