import { expect, test } from "bun:test";
import fc from "fast-check";
import { Dedupe } from "./dedupe.ts";

const id = (text: string) => Buffer.from(text);
const seen = (dedupe: Dedupe, text: string, offset: number, now = 0) => {
  dedupe.begin(id(text), now);
  return dedupe.seen(0, id(text).length, offset, now);
};
/** All of one batch, the first at `offset`, as a topic does it. */
const batch = (dedupe: Dedupe, texts: readonly string[], offset: number, now = 0) => {
  dedupe.begin(id(texts.join("")), now);
  let start = 0;
  let next = offset;
  return texts.map((text) => {
    const earlier = dedupe.seen(start, start + id(text).length, next, now);
    start += id(text).length;
    if (earlier === -1) next++;
    return earlier;
  });
};
const uuidAt = (counter: number) => `018f4a2e-7b10-7c3d-9a1b-${counter.toString(16).padStart(12, "0")}`;

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

test("ids that count up, in batches that repeat, overlap and fail, are known as exactly", () => {
  const counter = fc.integer({ min: 0, max: 700 });
  const piece = fc.record({
    from: counter,
    length: fc.integer({ min: 1, max: 300 }),
    step: fc.constantFrom(1, 1, 1, 2, -1),
  });
  const step = fc.record({
    pieces: fc.array(piece, { minLength: 1, maxLength: 4 }),
    fails: fc.constantFrom(false, false, true),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const dedupe = new Dedupe({ windowIds: 100_000, windowMs: 1000 }, 0);
      const model = new Map<string, number>();
      let next = 2 ** 32 - 500;
      for (const { pieces, fails } of steps) {
        const texts = pieces.flatMap(({ from, length, step }) =>
          Array.from({ length }, (_, i) => uuidAt(Math.max(0, from + i * step))),
        );
        const first = next;
        const expected = texts.map((text) => {
          const earlier = model.get(text);
          if (earlier === undefined) model.set(text, next++);
          return earlier ?? -1;
        });
        expect(batch(dedupe, texts, first)).toEqual(expected);
        if (!fails) continue;
        dedupe.forgetFrom(first);
        for (const [text, offset] of model) if (offset >= first) model.delete(text);
        next = first;
      }
    }),
    { numRuns: 100 },
  );
});

test("a run that outlives its generation is remembered as long as any", () => {
  const dedupe = new Dedupe({ windowIds: 100, windowMs: 1000 }, 0);
  const texts = Array.from({ length: 230 }, (_, i) => uuidAt(i));
  expect(batch(dedupe, texts, 0)).toEqual(texts.map(() => -1));
  expect(batch(dedupe, texts.slice(130), 230)).toEqual(texts.slice(130).map((_, i) => 130 + i));
  expect(seen(dedupe, uuidAt(0), 230)).toBe(-1);
});

test("what looks like the next of a run is compared as text", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 1000 }, 0);
  const stem = uuidAt(0).slice(0, 34);
  const texts = [`${stem}fe`, `${stem}fg`, `${stem}ff`, `${stem}FF`, `${stem.replace("1", "2")}00`];
  expect(batch(dedupe, texts, 0)).toEqual([-1, -1, -1, -1, -1]);
  for (const [offset, text] of texts.entries()) expect(seen(dedupe, text, 100)).toBe(offset);
});

test("ids that count up take a tenth of what others do", () => {
  const dedupe = new Dedupe({ windowIds: 65_536, windowMs: 1000 }, 0);
  batch(
    dedupe,
    Array.from({ length: 10_000 }, (_, i) => uuidAt(i)),
    0,
  );
  expect(dedupe.bytes).toBeLessThan(48_000);
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
    const uuid = uuidAt(i * 4096);
    if (seen(dedupe, uuid, i) !== -1) known++;
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
  dedupe.begin(Buffer.from(packed, "latin1"), 0);
  expect(dedupe.seen(0, 16, 99, 0)).toBe(-1);
  for (const [offset, text] of all.entries()) expect(seen(dedupe, text, 100)).toBe(offset);
});

test("offsets beyond 32 bits", () => {
  const dedupe = new Dedupe({ windowIds: 1000, windowMs: 1000 }, 0);
  for (const [i, offset] of [2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1].entries()) {
    expect(seen(dedupe, `id-${i}`, offset)).toBe(-1);
    expect(seen(dedupe, `id-${i}`, 7)).toBe(offset);
  }
});
