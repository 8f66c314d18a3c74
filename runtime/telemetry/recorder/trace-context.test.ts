import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { seededRandom } from "../../clock.ts";
import { isContext, isSampled, SpanIds, spanIdOf, traceIdOf } from "./trace-context.ts";

describe("contexts", () => {
  test("a root is a traceparent that names its span, and says whether it is sampled", () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, sampled) => {
        const ids = new SpanIds(seededRandom(seed));
        const number = ids.next();
        const root = ids.root(number, sampled);
        expect(isContext(root)).toBe(true);
        expect(spanIdOf(root)).toBe(ids.idOf(number));
        expect(isSampled(root)).toBe(sampled);
        expect(root).toHaveLength(55);
      }),
    );
  });

  test("a child keeps trace and flags, and names another span", () => {
    const ids = new SpanIds(seededRandom(1));
    const other = new SpanIds(seededRandom(2));
    const root = other.root(other.next(), true);
    const number = ids.next();
    const child = ids.child(root, number);
    expect(isContext(child)).toBe(true);
    expect(traceIdOf(child)).toBe(traceIdOf(root));
    expect(spanIdOf(child)).toBe(ids.idOf(number));
    expect(isSampled(child)).toBe(true);
    expect(isSampled(ids.child(ids.root(1, false), 2))).toBe(false);
  });

  test("a child of a later version's context is one of version 00's length", () => {
    const ids = new SpanIds(seededRandom(1));
    const later = `01-${"a".repeat(32)}-${"b".repeat(16)}-01-more`;
    expect(isContext(later)).toBe(true);
    expect(ids.child(later, 7)).toHaveLength(55);
    expect(ids.root(8, false)).toMatch(/^00-.*-00$/);
  });

  test("the lowest bit of the flags is the sampled one, whatever the others are", () => {
    for (let flags = 0; flags < 256; flags++) {
      const text = flags.toString(16).padStart(2, "0");
      expect(isSampled(`00-${"1".repeat(32)}-${"2".repeat(16)}-${text}`)).toBe((flags & 1) === 1);
    }
    expect(isSampled("")).toBe(false);
  });

  test("numbers of spans are positive and differ; ids of two workers do too", () => {
    const ids = new SpanIds(() => 0.9999999999);
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) seen.add(ids.next());
    expect(seen.size).toBe(100);
    expect(Math.min(...seen)).toBeGreaterThan(0);
    const one = new SpanIds(seededRandom(1));
    expect(one.idOf(5)).not.toBe(new SpanIds(seededRandom(2)).idOf(5));
    expect(one.idOf(5)).toMatch(/^[0-9a-f]{16}$/);
  });

  test("what is one is what the recommendation says, wherever it deviates", () => {
    const recommended = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
    const hex = (digits: number) =>
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });
    const id = (digits: number) => fc.oneof(hex(digits), fc.constant("0".repeat(digits)));
    const change = fc.tuple(fc.nat(54), fc.constantFrom(..."0f9aAgG:/-`@ \u00e9\u0130\u3034"));
    fc.assert(
      fc.property(
        id(32),
        id(16),
        hex(2),
        fc.array(change, { maxLength: 2 }),
        (trace, span, flags, changes) => {
          let text = `00-${trace}-${span}-${flags}`;
          for (const [at, character] of changes) text = text.slice(0, at) + character + text.slice(at + 1);
          if (!/^(?!00)[0-9a-f]{2}-/.test(text)) expect(isContext(text)).toBe(recommended.test(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("garbage is no context", () => {
    for (const text of ["", "00", `00-${"0".repeat(32)}-${"1".repeat(16)}-01`, "x".repeat(55)]) {
      expect(isContext(text)).toBe(false);
    }
  });
});
