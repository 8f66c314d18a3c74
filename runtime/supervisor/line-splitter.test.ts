import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutMark, LineSplitter } from "./line-splitter.ts";

function split(chunks: readonly Uint8Array[], max?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), max);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines are the same however the bytes come", () => {
  const text = fc.array(
    fc.string({ unit: "grapheme", maxLength: 20 }).filter((line) => !/[\r\n]/.test(line)),
  );
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, sizes) => {
      const whole = bytes(lines.map((line) => `${line}\n`).join(""));
      const chunks: Uint8Array[] = [];
      for (let at = 0, n = 0; at < whole.length; n += 1) {
        const size = sizes[n % sizes.length]!;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      expect(split(chunks)).toEqual(lines);
    }),
  );
});

test("a last line without its newline, carriage returns and bytes that are no text are taken", () => {
  expect(split([bytes("a\r\nb\n\nc")])).toEqual(["a", "b", "", "c"]);
  expect(split([new Uint8Array([0xff, 0x41, 0x0a, 0xe2, 0x82])])).toEqual(["\ufffdA", "\ufffd"]);
  expect(split([])).toEqual([]);
});

test("a line without end is cut and marked, once, and the next one is whole", () => {
  const chunks = Array.from({ length: 1000 }, () => bytes("x".repeat(10)));
  expect(split([...chunks, bytes("\nnext\n")], 25)).toEqual([`${"x".repeat(25)}${cutMark}`, "next"]);
  expect(split([bytes("1234"), bytes("\n"), bytes("12345\n6\n")], 4)).toEqual([
    "1234",
    `1234${cutMark}`,
    "6",
  ]);
});

describe("a line whose bytes are no UTF-8 is told as mended", () => {
  function mended(chunks: readonly (readonly number[])[], max?: number): [string, boolean][] {
    const lines: [string, boolean][] = [];
    const splitter = new LineSplitter((line, isMended) => lines.push([line, isMended]), max);
    for (const chunk of chunks) splitter.push(new Uint8Array(chunk));
    splitter.end();
    return lines;
  }

  test("and one in which U+FFFD was written is not, wherever chunks end", () => {
    const [meant, a, line] = [[0xef, 0xbf, 0xbd], 0x61, 0x0a];
    const whole = [...meant, a, line, 0xff, line, ...meant, 0xc3, line, a, line, ...meant, 0xe2, 0x82];
    const expected: [string, boolean][] = [
      ["\ufffda", false],
      ["\ufffd", true],
      ["\ufffd\ufffd", true],
      ["a", false],
      ["\ufffd\ufffd", true],
    ];
    expect(mended([whole])).toEqual(expected);
    expect(mended(whole.map((byte) => [byte]))).toEqual(expected);
    for (let at = 1; at < whole.length; at++) {
      expect(mended([whole.slice(0, at), whole.slice(at)])).toEqual(expected);
    }
  });

  test("as the decoder of the whole says, of any bytes", () => {
    const byte = fc.constantFrom(0x0a, 0x61, 0xef, 0xbf, 0xbd, 0xff, 0xe2, 0x82, 0xac, 0xc3);
    const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.array(fc.array(byte, { minLength: 1, maxLength: 5 }), { maxLength: 12 }), (chunks) => {
        const lines = Buffer.from(chunks.flat()).toString("latin1").split("\n");
        if (lines.at(-1) === "") lines.pop();
        const isBroken = (line: string) => {
          try {
            fatal.decode(Buffer.from(line, "latin1"));
            return false;
          } catch {
            return true;
          }
        };
        expect(mended(chunks).map(([, told]) => told)).toEqual(lines.map(isBroken));
      }),
    );
  });

  test("also when it is cut", () => {
    expect(mended([[0xff, 0x61, 0x61, 0x61, 0x0a, 0x61, 0x0a]], 2)).toEqual([
      [`\ufffda${cutMark}`, true],
      ["a", false],
    ]);
  });
});
