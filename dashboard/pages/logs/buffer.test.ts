import { expect, test } from "bun:test";
import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { LogBuffer } from "./buffer.ts";

const line = (id: number): StoredLog => ({
  id,
  at: id,
  level: "info",
  message: `line ${id}`,
  service: "orders",
  instance: "orders-1",
});
const newestFirst = (...ids: number[]) => ids.map(line);

test("grows at both ends, oldest first, each line once", () => {
  const buffer = new LogBuffer();
  buffer.append(newestFirst(12, 11, 10));
  buffer.append(newestFirst(14, 13, 12));
  buffer.prepend(newestFirst(10, 9, 8));
  expect(buffer.lines.map(({ id }) => id)).toEqual([8, 9, 10, 11, 12, 13, 14]);
  expect([buffer.oldest, buffer.newest]).toEqual([8, 14]);
});

test("never holds more than its bound: the tail pushes old lines out, looking back stops", () => {
  const buffer = new LogBuffer(4);
  expect(buffer.append(newestFirst(3, 2, 1))).toBe(0);
  expect(buffer.append(newestFirst(6, 5, 4))).toBe(2);
  expect(buffer.lines.map(({ id }) => id)).toEqual([3, 4, 5, 6]);
  expect(buffer.prepend(newestFirst(2, 1))).toBe(0);
  buffer.clear();
  expect(buffer.prepend(newestFirst(9, 8, 7, 6, 5))).toBe(4);
  expect(buffer.lines.map(({ id }) => id)).toEqual([6, 7, 8, 9]);
});
