import { expect, test } from "bun:test";
import type { CurvePoint } from "./curve.ts";
import { messages } from "./messages.ts";

test("measures a real broker at each size, and every figure that is judged", async () => {
  const points: CurvePoint[] = [];
  const hooks = { point: (point: CurvePoint) => void points.push(point), note: () => {} };
  await messages.measure([50, 500], { seconds: 1 }, hooks);
  expect(points.map(({ x }) => x)).toEqual([50, 500]);
  for (const { figures } of points) {
    for (const { figure } of messages.expectations) expect(figures[figure]).toBeGreaterThan(0);
  }
}, 60_000);
