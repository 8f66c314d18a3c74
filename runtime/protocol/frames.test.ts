import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameDecoder } from "./decoder.ts";
import type { FrameEncoder } from "./encoder.ts";
import { decode, frames, newEncoder, Recorder, refusal, text, written } from "./recorder.ts";

const stream = fc.integer({ min: 1, max: 0x7fffffff });
const bytes = fc.uint8Array({ maxLength: 300 });
const body = fc.oneof(bytes, fc.string({ unit: "binary", maxLength: 200 }));
const head = fc.oneof(
  fc.constant([200, ["content-type", "application/json"]]),
  fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.boolean(), fc.constant(null))),
  fc.jsonValue(),
);

type Write = (encoder: FrameEncoder) => void;
const anyFrame: fc.Arbitrary<Write> = fc.oneof(
  fc.tuple(stream, fc.double({ min: 0, max: 2e12, noNaN: true }), head, body, fc.boolean()).map(
    (args): Write =>
      (e) =>
        e.call(...args),
  ),
  fc.tuple(stream, head, body, fc.boolean()).map(
    (args): Write =>
      (e) =>
        e.reply(...args),
  ),
  fc.tuple(stream, fc.string()).map(
    ([id, what]): Write =>
      (e) =>
        e.fail(id, new MicrocosmError("overloaded", what)),
  ),
  fc.tuple(stream, bytes).map(
    (args): Write =>
      (e) =>
        e.chunk(...args),
  ),
  stream.map(
    (id): Write =>
      (e) =>
        e.end(id),
  ),
  fc.tuple(stream, fc.integer({ min: 0, max: 0xffffffff })).map(
    (args): Write =>
      (e) =>
        e.credit(...args),
  ),
  stream.map(
    (id): Write =>
      (e) =>
        e.stop(id),
  ),
  stream.map(
    (id): Write =>
      (e) =>
        e.cancel(id),
  ),
  fc.tuple(head, bytes).map(
    (args): Write =>
      (e) =>
        e.notify(...args),
  ),
  fc.constant<Write>((e) => e.goaway(undefined)),
);

describe("frames", () => {
  test("each kind arrives as it was written", () => {
    const heard = decode(
      frames((encoder) => {
        encoder.call(1, 1_700_000_000_123, ["GET", "/täg", []], "größe", false);
        encoder.call(3, 0, { a: 1.5 }, new Uint8Array(0), true);
        encoder.reply(1, [200, ["x", "y"]], new Uint8Array([1, 2]), false);
        encoder.fail(3, new MicrocosmError("overloaded", "full"));
        encoder.chunk(5, new Uint8Array([7]));
        encoder.end(5);
        encoder.credit(5, 4_000_000_000);
        encoder.stop(5);
        encoder.cancel(5);
        encoder.notify(null, new Uint8Array([9]));
        encoder.goaway(new MicrocosmError("bad-frame", "why"));
      }),
    );
    expect(heard).toEqual([
      ["hello", "orders", "orders-1", 2],
      ["call", 1, 1_700_000_000_123, ["GET", "/täg", []], text(Buffer.from("größe")), false],
      ["call", 3, 0, { a: 1.5 }, "", true],
      ["reply", 1, [200, ["x", "y"]], "\x01\x02", false],
      ["fail", 3, "overloaded", "full"],
      ["chunk", 5, "\x07"],
      ["end", 5],
      ["credit", 5, 4_000_000_000],
      ["stop", 5],
      ["cancel", 5],
      ["notify", null, "\x09"],
      ["goaway", "bad-frame", "why"],
    ]);
  });

  test("property: any split of the byte stream gives the same frames", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (writes, cuts) => {
          const all = frames((encoder) => {
            for (const write of writes) write(encoder);
          });
          const places = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b);
          const pieces: Uint8Array[] = [];
          let from = 0;
          for (const place of [...places, all.length]) {
            pieces.push(all.slice(from, place));
            from = place;
          }
          const heard = decode(...pieces);
          expect(heard).toEqual(decode(all));
          expect(heard.length).toBe(writes.length + 1);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("byte by byte", () => {
    const all = frames((encoder) => {
      encoder.call(1, 5, [1, "two"], "three", false);
      encoder.end(1);
    });
    expect(decode(...Array.from(all, (byte) => Uint8Array.of(byte)))).toEqual(decode(all));
  });

  test("property: heads and bodies survive", () => {
    fc.assert(
      fc.property(head, body, (head, body) => {
        const [, call] = decode(frames((encoder) => encoder.call(1, 0, head, body, false)));
        const sent = typeof body === "string" ? text(Buffer.from(body)) : text(body);
        expect(call).toEqual(["call", 1, 0, plain(head), sent, false]);
      }),
      { numRuns: 1000 },
    );
  });

  test("property: garbage after a hello is refused with bad-frame or waits for more, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        expect(["none", "bad-frame"]).toContain(refusal(garbage));
      }),
      { numRuns: 1000 },
    );
  });

  test("property: a good frame with any byte changed is heard differently, refused, or waited for", () => {
    const good = newEncoder();
    good.call(1, 5, ["GET", { a: [1, "ü"] }, 70_000], "body", false);
    const original = written(good);
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = original.slice();
        changed[at] = value;
        expect(["none", "bad-frame"]).toContain(refusal(changed));
      }),
      { numRuns: 2000 },
    );
  });

  test("property: a truncated stream gives the frames that are whole, then waits", () => {
    const all = frames((encoder) => {
      for (let i = 1; i <= 5; i++) encoder.reply(i, [i], "x".repeat(i), false);
    });
    const complete = decode(all);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: all.length }), (length) => {
        const heard = decode(all.slice(0, length));
        expect(heard).toEqual(complete.slice(0, heard.length));
      }),
    );
  });

  test("nothing is read after the receiver closed", () => {
    const recorder = new Recorder();
    const decoder = new FrameDecoder(() => recorder);
    recorder.end = () => {
      recorder.open = false;
    };
    decoder.push(
      frames((encoder) => {
        encoder.cancel(1);
        encoder.end(1);
        encoder.cancel(3);
      }),
    );
    expect(recorder.heard).toEqual([["cancel", 1]]);
  });

  test("a body in a whole frame is a view, not a copy", () => {
    const all = frames((encoder) => encoder.reply(1, null, "0123456789", false));
    let seen: Uint8Array | undefined;
    const recorder = new Recorder();
    recorder.reply = (_stream, _head, body) => {
      seen = body;
    };
    new FrameDecoder(() => recorder).push(all);
    expect(seen?.buffer).toBe(all.buffer);
    expect(text(seen ?? new Uint8Array())).toBe("0123456789");
  });
});

/** As it comes out of msgpack: `-0` loses its sign there, `__proto__` does not stay a key. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key === "__proto__" ? "__proto_" : key, plain(inner)]),
  );
}
