/** Each delivery of an event is a span of its own under the one publish, with what it did; also those that failed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { ObserverStats, TraceDetail } from "../../runtime/telemetry/query.ts";
import { eventually, Run } from "../kit/run.ts";
import { expectWhole, shapeOf, shapeOfTree } from "../kit/traces.ts";

const events = 400;
const maxDeliveries = 3;

const front = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
import { z } from "zod";
export const front = defineService({
  events: { "work.asked": z.object({ failures: z.number() }) },
  api: ({ publish }) =>
    new Hono<ServiceEnv>()
      .post("/work/:failures", async (c) => {
        await publish("work.asked", { failures: Number(c.req.param("failures")) });
        return c.text("asked", 202);
      })
      .get("/price", (c) => c.text("1")),
});`;

const back = `
import { defineService } from "microcosm";
export const back = defineService({
  subscriptions: {
    "work.asked": async ({ data, delivery }, { call }) => {
      await call("front").price.$get();
      if (delivery <= data.failures) throw new RangeError("not yet");
    },
  },
});`;

let folder: string;
let run: Run;
let control: ControlClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-retries-"));
  writeFileSync(join(folder, "front.ts"), front);
  writeFileSync(join(folder, "back.ts"), back);
  const topology = join(folder, "topology.yaml");
  writeFileSync(
    topology,
    `name: retries
gateway:
  routes: [{ path: "/work/{failures}", methods: [POST], service: front, rewrite: "/work/{failures}" }]
services:
  front: { source: front.ts }
  back: { source: back.ts, instances: 2, uses: [front] }
topics:
  work.asked: { maxDeliveries: ${maxDeliveries}, backoff: { first: 20ms, max: 50ms } }
telemetry: { sample: 1 }
`,
  );
  run = await Run.start({ topology });
  control = await ControlClient.find({ data: run.data });
}, 60_000);

afterAll(async () => {
  await run?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

function expected(deliveries: number): string {
  const handled = `
        back:consumer:process work.asked
          back:client:GET front
            front:server:GET /price`;
  return shapeOfTree(`
gateway:server:POST /work/{failures}
  gateway:client:POST front
    front:server:POST /work/{failures}
      front:producer:publish work.asked${handled.repeat(deliveries)}`);
}

test(`${events} events of which some fail once, twice, and too often`, async () => {
  const asked: { readonly failures: number; readonly trace: string }[] = [];
  for (let n = 0; n < events; n++) {
    const failures = n % (maxDeliveries + 1);
    const answer = await fetch(`${run.gateway}/work/${failures}`, { method: "POST" });
    expect(answer.status).toBe(202);
    asked.push({ failures, trace: answer.headers.get("x-request-id") ?? "" });
  }
  for (const { failures, trace } of asked) {
    const deliveries = Math.min(failures + 1, maxDeliveries);
    const detail = await eventually(`${deliveries} deliveries of ${trace}`, async () => {
      const found = await control.get<TraceDetail>(`/api/telemetry/traces/${trace}`);
      return found.spans.length >= 4 + 3 * deliveries && found;
    });
    expectWhole(detail);
    expect(shapeOf(detail)).toBe(expected(deliveries));
    const handled = detail.spans
      .filter(({ kind }) => kind === "consumer")
      .map(({ attributes, status }) => [
        attributes["microcosm.delivery"] ?? 1,
        attributes["error.type"] ?? status,
      ]);
    expect(handled.sort()).toEqual(
      Array.from({ length: deliveries }, (_, n) => [n + 1, n < failures ? "RangeError" : "unset"]),
    );
  }
  const { dropped } = await control.get<ObserverStats>("/api/telemetry/stats");
  // In order of arrival, which says nothing.
  const { late: _late, ...others } = dropped;
  expect(others).toEqual({});
}, 120_000);
