import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MicrocosmError } from "../../sdk/errors.ts";
import { FrameEncoder } from "./encoder.ts";
import { headerBytes, maxBodyBytes, maxHeadBytes } from "./frame.ts";
import { decode, frames, newEncoder, written } from "./recorder.ts";

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

  test("encoders that outgrow their buffers in turn do not write over each other", () => {
    const encoders = Array.from({ length: 3 }, () => newEncoder());
    for (const encoder of encoders) encoder.hello("a", "a-1", 1);
    const out = encoders.map((): Uint8Array[] => []);
    for (let round = 0; round < 12; round++) {
      for (const [i, encoder] of encoders.entries()) {
        for (let part = 0; part < 4; part++) encoder.chunk(i, new Uint8Array(100_000).fill(round * 3 + i));
        // One of them keeps what it has until the next round.
        if ((round + i) % 3 === 0) continue;
        out[i]!.push(encoder.bytes.slice(encoder.offset, encoder.offset + encoder.length));
        encoder.sent(encoder.length);
      }
    }
    for (const [i, encoder] of encoders.entries()) {
      out[i]!.push(encoder.bytes.slice(encoder.offset, encoder.offset + encoder.length));
      const heard = decode(...out[i]!).slice(1);
      const expected = Array.from({ length: 48 }, (_, n) => String.fromCharCode(Math.floor(n / 4) * 3 + i));
      expect(heard.map(([, , bytes]) => (bytes as string)[50_000])).toEqual(expected);
    }
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
