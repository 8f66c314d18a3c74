import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameDecoder, type FrameReceiver } from "./decoder.ts";
import { FrameEncoder } from "./encoder.ts";
import {
  headerBytes,
  Kind,
  maxBodyBytes,
  maxFrameBytes,
  maxHeadBytes,
  maxHelloBytes,
  protocolVersion,
} from "./frame.ts";

/** Writes down what it hears, in a form that can be compared. */
class Recorder implements FrameReceiver {
  readonly heard: unknown[][] = [];
  open = true;

  call(stream: number, deadline: number, head: unknown, body: Uint8Array, streamed: boolean): void {
    this.heard.push(["call", stream, deadline, head, text(body), streamed]);
  }
  reply(stream: number, head: unknown, body: Uint8Array, streamed: boolean): void {
    this.heard.push(["reply", stream, head, text(body), streamed]);
  }
  fail(stream: number, error: MicrocosmError): void {
    this.heard.push(["fail", stream, error.code, error.message]);
  }
  chunk(stream: number, bytes: Uint8Array): void {
    this.heard.push(["chunk", stream, text(bytes)]);
  }
  end(stream: number): void {
    this.heard.push(["end", stream]);
  }
  credit(stream: number, bytes: number): void {
    this.heard.push(["credit", stream, bytes]);
  }
  stop(stream: number): void {
    this.heard.push(["stop", stream]);
  }
  cancel(stream: number): void {
    this.heard.push(["cancel", stream]);
  }
  notify(head: unknown, body: Uint8Array): void {
    this.heard.push(["notify", head, text(body)]);
  }
  goaway(error: MicrocosmError | undefined): void {
    this.heard.push(["goaway", error?.code, error?.message]);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function newEncoder(): FrameEncoder {
  return new FrameEncoder(() => {});
}

function written(encoder: FrameEncoder): Uint8Array {
  return encoder.bytes.slice(encoder.offset, encoder.offset + encoder.length);
}

function frames(write: (encoder: FrameEncoder) => void): Uint8Array {
  const encoder = newEncoder();
  encoder.hello("orders", "orders-1", 2);
  write(encoder);
  return written(encoder);
}

function decode(...pieces: Uint8Array[]): unknown[][] {
  const recorder = new Recorder();
  const decoder = new FrameDecoder((...hello) => {
    recorder.heard.push(["hello", ...hello]);
    return recorder;
  });
  for (const piece of pieces) decoder.push(piece);
  return recorder.heard;
}

/** What the decoder throws for these bytes after a good hello. */
function refusal(bytes: Uint8Array): string {
  try {
    decode(
      frames(() => {}),
      bytes,
    );
    return "none";
  } catch (error) {
    return error instanceof MicrocosmError ? error.code : `not ours: ${error}`;
  }
}

function header(fields: {
  length?: number;
  version?: number;
  kind?: number;
  flags?: number;
  stream?: number;
  head?: number;
}): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.length ?? headerBytes, true);
  view.setUint8(4, fields.version ?? protocolVersion);
  view.setUint8(5, fields.kind ?? Kind.end);
  view.setUint16(6, fields.flags ?? 0, true);
  view.setUint32(8, fields.stream ?? 1, true);
  view.setUint32(12, fields.head ?? 0, true);
  return bytes;
}

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

  test.each([
    ["a length of 4 GiB", header({ length: 0xffffffff })],
    ["a length over the bound", header({ length: maxFrameBytes + 1 })],
    ["a length shorter than a header", header({ length: headerBytes - 1 })],
    ["a length of 0", header({ length: 0 })],
    ["version 0", header({ version: 0 })],
    ["the next version", header({ version: protocolVersion + 1 })],
    ["kind 0", header({ kind: 0 })],
    ["an unknown kind", header({ kind: 12 })],
    ["an unknown flag", header({ kind: Kind.call, flags: 2, length: 25, head: 1 })],
    ["a head longer than the frame", header({ head: 1 })],
    ["a head of 4 GiB", header({ head: 0xffffffff, length: 1000 })],
    ["a head over the bound", header({ head: maxHeadBytes + 1, length: maxHeadBytes + 100 })],
    ["a call too short for its deadline", header({ kind: Kind.call, length: headerBytes + 7 })],
    ["a call without a head", join(header({ kind: Kind.call, length: headerBytes + 8 }), new Uint8Array(8))],
    ["a credit without its number", header({ kind: Kind.credit })],
    [
      "a body where none belongs",
      join(header({ kind: Kind.end, length: headerBytes + 1 }), new Uint8Array(1)),
    ],
    [
      "a body over the bound",
      join(
        header({ kind: Kind.chunk, length: headerBytes + maxBodyBytes + 1 }),
        new Uint8Array(maxBodyBytes + 1),
      ),
    ],
    ["a second hello", frames(() => {})],
    [
      "an error that is none",
      join(header({ kind: Kind.fail, length: headerBytes + 1, head: 1 }), Uint8Array.of(5)),
    ],
    [
      "an unfinished head",
      join(header({ kind: Kind.reply, length: headerBytes + 1, head: 1 }), Uint8Array.of(0xa5)),
    ],
    [
      "bytes after a head's value",
      join(header({ kind: Kind.reply, length: headerBytes + 2, head: 2 }), Uint8Array.of(1, 1)),
    ],
    [
      "an array of 4 Gi elements",
      join(
        header({ kind: Kind.reply, length: headerBytes + 5, head: 5 }),
        Uint8Array.of(0xdd, 255, 255, 255, 255),
      ),
    ],
    [
      "a head nested a hundred thousand deep",
      join(
        header({ kind: Kind.reply, length: headerBytes + 100_000, head: 100_000 }),
        new Uint8Array(100_000).fill(0x91),
      ),
    ],
  ])("%s is a bad frame", (_, frame) => {
    expect(refusal(frame)).toBe("bad-frame");
  });

  test.each([
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")],
    ["another kind first", written(withOne((encoder) => encoder.end(1)))],
    [
      "a long hello",
      header({ kind: Kind.hello, length: maxHelloBytes + 1, head: maxHelloBytes + 1 - headerBytes }),
    ],
    [
      "a hello of others",
      join(header({ kind: Kind.hello, length: headerBytes + 1, head: 1 }), Uint8Array.of(5)),
    ],
  ])("%s is no greeting", (_, frame) => {
    expect(() => decode(frame)).toThrow(expect.objectContaining({ code: "bad-frame" }));
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

describe("the encoder", () => {
  test("says once that there is something to send, and again after all was sent", () => {
    let filled = 0;
    const encoder = new FrameEncoder(() => filled++);
    encoder.end(1);
    encoder.end(2);
    expect(filled).toBe(1);
    encoder.sent(headerBytes);
    encoder.end(3);
    expect(filled).toBe(1);
    encoder.sent(encoder.length);
    encoder.end(4);
    expect(filled).toBe(2);
  });

  test("property: what is sent in parts, while more is written, arrives whole", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200_000), fc.nat(400_000)), { maxLength: 30 }), (steps) => {
        const encoder = newEncoder();
        encoder.hello("a", "a-1", 1);
        const out: Uint8Array[] = [];
        const send = (count: number) => {
          out.push(encoder.bytes.slice(encoder.offset, encoder.offset + count));
          encoder.sent(count);
        };
        for (const [size, taken] of steps) {
          encoder.chunk(1, new Uint8Array(size).fill(size & 0xff));
          send(Math.min(taken, encoder.length));
        }
        send(encoder.length);
        const heard = decode(...out).slice(1);
        expect(heard.map(([, , bytes]) => (bytes as string).length)).toEqual(steps.map(([size]) => size));
      }),
      { numRuns: 50 },
    );
  });

  test("refuses what no frame holds, and goes on", () => {
    const encoder = newEncoder();
    encoder.hello("a", "a-1", 1);
    const tooLarge = expect.objectContaining({ code: "body-too-large" });
    expect(() => encoder.notify(null, new Uint8Array(maxBodyBytes + 1))).toThrow(tooLarge);
    expect(() => encoder.reply(1, "x".repeat(maxHeadBytes), "", false)).toThrow(tooLarge);
    encoder.reply(1, "fine", "", false);
    encoder.reply(3, "x".repeat(maxHeadBytes - 10), "", false);
    expect(decode(written(encoder)).length).toBe(3);
  });

  test("an error's message is cut, so that it always fits", () => {
    const [, fail] = decode(
      frames((encoder) => encoder.fail(1, new MicrocosmError("internal", "x".repeat(3_000_000)))),
    );
    expect(String(fail?.[3]).length).toBe(4096);
  });

  test("gives memory back after a burst", () => {
    const encoder = newEncoder();
    for (let i = 0; i < 100; i++) encoder.chunk(1, new Uint8Array(100_000));
    expect(encoder.bytes.length).toBeGreaterThan(10_000_000);
    encoder.sent(encoder.length);
    expect(encoder.bytes.length).toBe(64 * 1024);
  });
});

function withOne(write: Write): FrameEncoder {
  const encoder = newEncoder();
  write(encoder);
  return encoder;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** As it comes out of msgpack: `-0` keeps its sign there, `__proto__` does not stay a key. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key === "__proto__" ? "__proto_" : key, plain(inner)]),
  );
}
