import { expect, test } from "bun:test";
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
