import { expect, test } from "bun:test";
import { formatAgo, formatBytes, formatMs, formatRate, formatWhen } from "./format.ts";

test("durations keep three digits and a unit", () => {
  const shown = [0, 0.0004, 0.05, 0.0999, 1.234, 9.999, 42.04, 512.4, 999.7, 1500, 61_000].map(formatMs);
  expect(shown).toEqual([
    "0 ms",
    "0 µs",
    "50 µs",
    "0.10 ms",
    "1.23 ms",
    "10.0 ms",
    "42.0 ms",
    "512 ms",
    "1.00 s",
    "1.50 s",
    "1 min 1 s",
  ]);
});

test("sizes, rates and ages carry units", () => {
  expect([0, 1023, 1024, 1_048_576, 1_073_741_824 * 200].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.0 MiB",
    "200 GiB",
  ]);
  expect([0, 0.25, 12.34, 1234.5].map(formatRate)).toEqual(["0/s", "0.3/s", "12.3/s", "1,235/s"]);
  expect([1000, 61_000, 7_300_000, 90_000_000].map((age) => formatAgo(0, age))).toEqual([
    "1 s ago",
    "1 min ago",
    "2 h ago",
    "1 d ago",
  ]);
});

test("a moment has its day where that is another one", () => {
  const now = Date.parse("2026-11-09T14:03:22");
  expect(formatWhen(now, now)).toBe("14:03:22");
  expect(formatWhen(now - 86_400_000, now)).toBe("8 Nov 14:03:22");
});
