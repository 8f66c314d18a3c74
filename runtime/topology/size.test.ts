import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatSize, parseSize, suggestSize } from "./size.ts";

test("parseSize knows binary and decimal units", () => {
  expect(["0B", "512B", "64KiB", "1.5MiB", "1GiB", "1KB", "2MB"].map(parseSize)).toEqual([
    0,
    512,
    65_536,
    1_572_864,
    1024 ** 3,
    1000,
    2_000_000,
  ]);
});

test.each(["", "10", "10 MiB", "10mib", "-1B", "1TiB", "9".repeat(40).concat("GiB")])(
  "parseSize refuses %p",
  (text) => {
    expect(parseSize(text)).toBeUndefined();
  },
);

test("parseSize reads back what formatSize writes", () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 40 }), (bytes) => {
      expect(parseSize(formatSize(bytes))).toBe(bytes);
    }),
  );
});

test("suggestSize guesses the unit", () => {
  expect([1024, "10 mb", "64k", "1 GB", "12 bytes"].map(suggestSize)).toEqual([
    "1KiB",
    "10MiB",
    "64KiB",
    "1GiB",
    "12B",
  ]);
  expect(suggestSize("10 megs")).toBeUndefined();
});
