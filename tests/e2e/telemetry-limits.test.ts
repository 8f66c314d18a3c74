/** What sampling leaves out, and what telemetry does with input that nobody should send: bounded, counted, shown. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../runtime/control/client.ts";
import type { ObserverStats, StoredLog, TraceDetail } from "../../runtime/telemetry/query.ts";
import { deafBrowsers } from "../kit/bad-input.ts";
import { eventually, Run } from "../kit/run.ts";

/** Longer than a usual request takes on a machine that is busy. */
const slowMs = 1500;

const front = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const front = defineService({
  api: ({ call }) => new Hono<ServiceEnv>().get("/:what", (c) => call("back")[":what"].$get({ param: c.req.param() })),
});`;

const back = `
import { Hono } from "hono";
import { defineService, type ServiceEnv } from "microcosm";
export const back = defineService({
  api: ({ log }) =>
    new Hono<ServiceEnv>()
      .get("/ok", (c) => c.text("ok"))
      .get("/fails", () => { throw new Error("no"); })
      .get("/slow", async (c) => { await Bun.sleep(${slowMs + 100}); return c.text("slow"); })
      .get("/huge", (c) => {
        log.warn("x".repeat(10_000_000), { also: "y".repeat(10_000_000) });
        console.log("z".repeat(10_000_000));
        return c.text("huge");
      })
      .get("/broken", (c) => {
        process.stdout.write(new Uint8Array([0x62, 0x72, 0x6f, 0x6b, 0x65, 0x6e, 0x20, 0xff, 0xc3, 0x28, 0x0a]));
        log.warn("half a pair: \\ud800", { "\\udc00": "\\ud83d" });
        return c.text("broken");
      }),
});`;

let folder: string;
let run: Run;
let control: ControlClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-limits-"));
  writeFileSync(join(folder, "front.ts"), front);
  writeFileSync(join(folder, "back.ts"), back);
  const topology = join(folder, "topology.yaml");
  writeFileSync(
    topology,
    `name: limits
gateway:
  routes: [{ path: "/{what}", service: front, rewrite: "/{what}" }]
services:
  front: { source: front.ts, uses: [back] }
  back: { source: back.ts }
telemetry: { sample: 0, slow: ${slowMs}ms }
`,
  );
  run = await Run.start({ topology });
  control = await ControlClient.find({ data: run.data });
}, 60_000);

afterAll(async () => {
  await run?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

/** The trace that the request was in. */
async function get(what: string, status: number): Promise<string> {
  const answer = await fetch(`${run.gateway}/${what}`);
  await answer.arrayBuffer();
  expect(answer.status).toBe(status);
  return answer.headers.get("x-request-id") ?? "";
}

const stats = () => control.get<ObserverStats>("/api/telemetry/stats");
/** Once it was seen to be counted. */
const counted = (reason: string, atLeast: number) =>
  eventually(`${reason} of ${atLeast}`, async () => {
    const { dropped } = await stats();
    return (dropped[reason] ?? 0) >= atLeast && dropped[reason];
  });
const found = (id: string) => control.get<TraceDetail>(`/api/telemetry/traces/${id}`);

describe("nothing is sampled at its head", () => {
  test("and every trace that failed or was slow is whole all the same; what is left out is counted", async () => {
    const usual = 200;
    for (let i = 0; i < usual; i++) await get("ok", 200);
    const remarkable = await Promise.all(
      Array.from({ length: 10 }, (_, place) => (place % 2 === 0 ? get("fails", 500) : get("slow", 200))),
    );
    for (const id of remarkable) {
      const { spans, orphans } = await eventually("a whole trace", async () => {
        const detail = await found(id);
        return detail.spans.length === 5 && detail;
      });
      expect(orphans).toBe(0);
      const path = spans.map(({ service, kind }) => `${service} ${kind}`);
      expect(path).toEqual([
        "gateway server",
        "gateway client",
        "front server",
        "front client",
        "back server",
      ]);
    }
    const spans = 5 * (usual + remarkable.length);
    const { dropped, tracesStored } = await eventually("each span kept or counted", async () => {
      const now = await stats();
      if (now.openSpans > 0) throw new Error(`${now.openSpans} open`);
      return now.spansStored + (now.dropped.unsampled ?? 0) === spans && now;
    });
    expect(tracesStored).toBeGreaterThanOrEqual(remarkable.length);
    // A busy machine may have made one of the others slow.
    expect(tracesStored).toBeLessThan(usual);
    const { stdout } = await run.cli("traces");
    expect(stdout).toContain(`unsampled ${dropped.unsampled}`);
  }, 60_000);
});

test("the observer comes second where cores are full", async () => {
  const [observer, observed] = await Promise.all([run.instance("observer-1"), run.instance("back-1")]);
  expect(getPriority(observer.pid!)).toBeGreaterThan(getPriority(observed.pid!));
});

describe("what nobody should send", () => {
  test("a line of 10 MB is cut, in every place, and said to be", async () => {
    const began = Date.now();
    await get("huge", 200);
    for (const text of ["xxx", "zzz"]) {
      const [line] = await eventually(`the line of ${text}`, async () => {
        const lines = await control.get<StoredLog[]>(
          `/api/telemetry/logs?service=back&text=${text}&from=${began - 60_000}`,
        );
        return lines.length > 0 && lines;
      });
      expect(line!.message.length).toBeLessThan(100_000);
      expect(JSON.stringify(line)).toMatch(/10000000|cut|truncated/);
    }
    expect(await counted("truncated", 2)).toBe(2);
    await get("ok", 200);
  }, 60_000);

  test("broken UTF-8 is shown as such", async () => {
    await get("broken", 200);
    const [line] = await eventually("the line", async () => {
      const lines = await control.get<StoredLog[]>("/api/telemetry/logs?service=back&text=pair");
      return lines.length > 0 && lines;
    });
    expect(line!.message).toBe("half a pair: \ufffd");
    expect(line!.fields?.["\ufffd"]).toBe("\ufffd");
    const { stdout } = await run.cli("logs", "back");
    expect(stdout).toContain("broken \ufffd\ufffd(");
    // One that the logger was given, one beside it.
    expect(await counted("mended", 2)).toBe(2);
  }, 60_000);

  test("a parent that never comes, and a clock that is an hour off", async () => {
    const hourAgo = BigInt(Date.now() - 3_600_000) * 1_000_000n;
    const traceId = "c".repeat(32);
    const span = (id: string, parentSpanId: string, kind: number, startTimeUnixNano: bigint) => ({
      traceId,
      spanId: id.repeat(16),
      parentSpanId: parentSpanId.repeat(16),
      name: id,
      kind,
      startTimeUnixNano: String(startTimeUnixNano),
      endTimeUnixNano: String(startTimeUnixNano + 5_000_000n),
    });
    const from = (service: string, spans: readonly unknown[]) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [{ spans }],
    });
    const now = BigInt(Date.now()) * 1_000_000n;
    const resourceSpans = [
      from("caller", [span("1", "0", 3, now)]),
      from("callee", [span("2", "1", 2, hourAgo)]),
      from("lost", [span("3", "9", 2, now)]),
    ];
    await sendOtlp("traces", { resourceSpans });
    const { spans, orphans } = await eventually("the trace", async () => {
      const detail = await found(traceId);
      return detail.spans.length === 3 && detail;
    });
    expect(orphans).toBe(1);
    const callee = spans.find(({ service }) => service === "callee")!;
    expect(callee.attributes["microcosm.clock_skew_ms"]).toBeLessThan(-3_500_000);
    expect(Math.abs(callee.startMs - Number(now / 1_000_000n))).toBeLessThan(10);
    const { stdout } = await run.cli("trace", traceId);
    expect(stdout).toContain("1 spans came without their parent");
    expect(stdout).toMatch(/Clocks differ by up to .*: 1 spans were moved/);
    await counted("clocks", 1);
    await counted("orphan", 1);
  }, 60_000);

  test("attributes beyond their bounds are counted, and the span says how many", async () => {
    const traceId = "d".repeat(32);
    const now = String(BigInt(Date.now()) * 1_000_000n);
    const attributes = Array.from({ length: 150 }, (_, n) => ({
      key: `a${n}`,
      value: { intValue: String(n) },
    }));
    const times = { startTimeUnixNano: now, endTimeUnixNano: now };
    const one = {
      traceId,
      spanId: "1".repeat(16),
      name: "many",
      kind: 2,
      ...times,
      attributes,
      droppedAttributesCount: 3,
    };
    await sendOtlp("traces", { resourceSpans: [{ scopeSpans: [{ spans: [one] }] }] });
    const { spans } = await eventually("the trace", () => found(traceId));
    expect(spans[0]?.dropped).toEqual({ attributes: 22 + 3 });
    expect(await counted("attributes", 22)).toBe(22);
  }, 60_000);

  test("a browser that never reads costs nobody anything; what it misses is counted", async () => {
    // A graph of 2,000 instances is some 400 KiB: a few of them are more than the buffers of a socket hold.
    const gauge = {
      gauge: { dataPoints: [{ asDouble: 0.5, timeUnixNano: String(BigInt(Date.now()) * 1_000_000n) }] },
    };
    const scopeMetrics = [{ metrics: [{ name: "process.cpu.utilization", unit: "1", ...gauge }] }];
    const resource = (n: number) => ({
      attributes: [
        { key: "service.name", value: { stringValue: "elsewhere" } },
        {
          key: "service.instance.id",
          value: { stringValue: `elsewhere-${n}-of-a-name-that-is-long-enough-to-fill-a-graph` },
        },
      ],
    });
    const many = Array.from({ length: 1900 }, (_, n) => ({ resource: resource(n), scopeMetrics }));
    await sendOtlp("metrics", { resourceMetrics: many });
    const browsers = 20;
    const close = await deafBrowsers(run, browsers);
    try {
      for (let i = 0; i < 100; i++) await get("ok", 200);
      await eventually("the observer still writes", async () => (await stats()).openSpans === 0);
      await counted("updates", browsers);
    } finally {
      close();
    }
  }, 120_000);

  test("what was counted is known after the observer is killed, and to Prometheus", async () => {
    await Bun.sleep(1500);
    const { dropped } = await stats();
    expect(Object.keys(dropped)).toEqual(
      expect.arrayContaining(["truncated", "mended", "clocks", "attributes", "updates"]),
    );
    const before = await run.instance("observer-1");
    process.kill(before.pid!, "SIGKILL");
    const after = await eventually("another observer answers", async () => {
      const { generation, state } = await run.instance("observer-1");
      return generation > before.generation && state === "ready" && (await stats()).dropped;
    });
    for (const [reason, count] of Object.entries(dropped))
      expect(after[reason]).toBeGreaterThanOrEqual(count);
    const { token } = await Bun.file(join(run.data, "run", "control.json")).json();
    const scrape = await fetch(`${run.control}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    expect(await scrape.text()).toMatch(/microcosm_observer_dropped_total\{[^}]*reason="mended"[^}]*\} 2/);
  }, 60_000);
});

async function sendOtlp(signal: "traces" | "metrics", document: object): Promise<void> {
  const { token } = await Bun.file(join(run.data, "run", "control.json")).json();
  const answer = await fetch(`${run.control}/v1/${signal}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  expect([answer.status, await answer.json()]).toEqual([200, {}]);
}
