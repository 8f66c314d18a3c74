import { expect, test } from "bun:test";
import { topologySchema } from "./schema.ts";

const smallest = { name: "t", gateway: {}, services: {} };

test("telemetry is on by default, with a twentieth of the traces", () => {
  const parsed = topologySchema.safeParse(smallest);
  expect(parsed.data?.telemetry).toEqual({
    enabled: true,
    sample: 0.05,
    slow: 500,
    retention: 256 * 1024 * 1024,
  });
});

test("its parts are in units of their own", () => {
  const telemetry = { enabled: false, sample: 1, slow: "2s", retention: "1GiB" };
  const parsed = topologySchema.safeParse({ ...smallest, telemetry });
  expect(parsed.data?.telemetry).toEqual({ enabled: false, sample: 1, slow: 2000, retention: 1024 ** 3 });
});

test("a share is between 0 and 1", () => {
  for (const sample of [-0.1, 1.1, "5%"]) {
    expect(topologySchema.safeParse({ ...smallest, telemetry: { sample } }).success).toBe(false);
  }
});
