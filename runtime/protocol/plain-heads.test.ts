import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Packr } from "msgpackr/pack";
import { notPlain, PlainReader } from "./plain-reader.ts";
import { PlainWriter } from "./plain-writer.ts";

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

/** Written somewhere in the middle of a buffer whose other bytes are all set. */
function write(head: unknown, room = 5000): Uint8Array | undefined {
  const bytes = new Uint8Array(room + 20).fill(0xff);
  const end = new PlainWriter().write(head, bytes, 10, 10 + room);
  expect(bytes.subarray(0, 10).every((byte) => byte === 0xff)).toBe(true);
  expect(bytes.subarray(10 + room).every((byte) => byte === 0xff)).toBe(true);
  return end === -1 ? undefined : bytes.slice(10, end);
}

function read(packed: Uint8Array): unknown {
  const bytes = new Uint8Array(packed.length + 20).fill(0x61);
  bytes.set(packed, 10);
  return new PlainReader().read(bytes, 10, 10 + packed.length);
}

const leaf = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ minLength: 250, maxLength: 300 }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.nat({ max: 2 ** 32 - 1 }),
  fc.boolean(),
  fc.constant(null),
);
const plainHead = fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 20 })), { maxLength: 20 });

describe("plain heads", () => {
  test("property: what the writer writes, msgpackr reads alike", () => {
    fc.assert(
      fc.property(plainHead, (head) => {
        const bytes = write(head, 50_000);
        if (bytes !== undefined) expect(packr.unpack(bytes)).toEqual(head);
        else expect(JSON.stringify(head)).not.toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 500 },
    );
  });

  test("property: many heads through one writer and one reader, with lists that come again", () => {
    const lists = fc.array(fc.array(leaf, { maxLength: 20 }), { minLength: 1, maxLength: 4 });
    const picks = fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 4 }), { maxLength: 60 });
    fc.assert(
      fc.property(lists, picks, leaf, (pool, heads, other) => {
        const [writer, reader] = [new PlainWriter(), new PlainReader()];
        const bytes = new Uint8Array(100_000);
        for (const picked of heads) {
          const head = [other, ...picked.map((index) => pool[index % pool.length])];
          const end = writer.write(head, bytes, 0, bytes.length);
          if (end === -1) continue;
          expect(packr.unpack(bytes.subarray(0, end))).toEqual(head);
          const value = reader.read(bytes, 0, end);
          if (value !== notPlain) expect(value).toEqual(head);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("lists that come again are the same list, also after others; they are written as they were", () => {
    const reader = new PlainReader();
    const head = (name: string) => packr.pack([200, ["content-type", name]]);
    const listOf = (name: string) => (reader.read(head(name), 0, head(name).length) as unknown[])[1];
    const first = listOf("application/json");
    expect(first).toEqual(["content-type", "application/json"]);
    expect(listOf("application/json")).toBe(first);
    expect(listOf("text/html")).toEqual(["content-type", "text/html"]);
    expect(listOf("application/json")).toEqual(["content-type", "application/json"]);
    // Nothing of a list that was cut off is taken for one that is whole.
    const cut = head("application/json").subarray(0, -1);
    expect(reader.read(cut, 0, cut.length)).toBe(notPlain);
  });

  test("property: what msgpackr packs, the reader reads alike or leaves alone", () => {
    fc.assert(
      fc.property(fc.oneof(plainHead, fc.jsonValue()), (head) => {
        const packed = packr.pack(head);
        const value = read(packed);
        if (value !== notPlain) expect(value).toEqual(packr.unpack(packed));
      }),
      { numRuns: 1000 },
    );
  });

  test("property: of any bytes the reader gives what msgpackr gives, or leaves them alone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        const value = read(bytes);
        if (value !== notPlain) expect(value).toEqual(packr.unpack(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  test("the heads of the hot path are plain both ways", () => {
    const call = [
      "GET",
      "/products/täg",
      ["accept", "*/*"],
      "00-ab-cd-01",
      1,
      ["u1", ["customer"], null],
      null,
    ];
    const reply = [200, ["content-type", "application/json", "x", "y".repeat(300)]];
    expect(write(reply)).toBeDefined();
    expect(read(packr.pack(reply))).toEqual(reply);
    expect(read(packr.pack(call))).toEqual(call);
  });

  test.each([
    ["an object", { a: 1 }],
    ["a fraction", 1.5],
    ["a negative number", -1],
    ["a number over 32 bits", 2 ** 32],
    ["NaN", Number.NaN],
    ["undefined", undefined],
    ["bytes", new Uint8Array(2)],
    ["a date", new Date(0)],
    ["text beyond ASCII", "ü"],
    ["long text beyond ASCII", "ü".repeat(30)],
    ["ten arrays deep", [[[[[[[[[[1]]]]]]]]]]],
  ])("%s is left to msgpackr, also within an array", (_, head) => {
    expect(write(head)).toBeUndefined();
    expect(write([1, head])).toBeUndefined();
  });

  test("what does not fit is not written", () => {
    expect(write(["x".repeat(100)], 102)).toBeUndefined();
    expect(write([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBeUndefined();
  });
});
