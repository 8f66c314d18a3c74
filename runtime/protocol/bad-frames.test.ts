import { describe, expect, test } from "bun:test";
import {
  headerBytes,
  Kind,
  maxBodyBytes,
  maxFrameBytes,
  maxHeadBytes,
  maxHelloBytes,
  protocolVersion,
} from "./frame.ts";
import type { FrameEncoder } from "./encoder.ts";
import { decode, frames, newEncoder, refusal, written } from "./recorder.ts";

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

describe("a bad frame", () => {
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
});

function withOne(write: (encoder: FrameEncoder) => void): FrameEncoder {
  const encoder = newEncoder();
  write(encoder);
  return encoder;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
