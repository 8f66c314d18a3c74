/** A recording made of a real observer's file, opened again; and every way in which a file can be no recording. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import type { LogRecord, SpanRecord } from "../telemetry/model.ts";
import { metric } from "../telemetry/names.ts";
import type { LiveGraph, TraceSummary } from "../telemetry/query.ts";
import { Histogram } from "../telemetry/observer/histogram.ts";
import { Observer } from "../telemetry/observer/observer.ts";
import { queries } from "../telemetry/observer/queries.ts";
import { parseTopology } from "../topology/index.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { exportRun } from "./export.ts";
import { formatVersion, prefixBytes } from "./format.ts";
import { Recording } from "./recording.ts";
import { recordOf, writeRunRecord } from "./run-record.ts";

const start = 1_700_000_000_000;
const secret = "Zq9-rT_unguessable";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const earlier = "1af7651916cd43dd8448eb211c80319c";
let folder: string;
let data: string;
let file: string;
/** What the running observer said at its end. */
let live: { graph: LiveGraph; traces: TraceSummary[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-recording-"));
  data = join(folder, "data");
  file = join(folder, "run.microcosm");
  live = fill(data);
  await Bun.write(file, await bytesOf({}));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("answers as the observer did, and tells who there was", async () => {
  const recording = await Recording.open(file, folder);
  try {
    expect(recording.header).toMatchObject({ name: "shop", startedAt: start, to: start + 20_000 });
    expect(recording.ask("traces")).toEqual(live.traces.filter((trace) => trace.startMs >= start));
    expect(recording.ask("graph")).toMatchObject({ nodes: live.graph.nodes, edges: live.graph.edges });
    expect(recording.instances(start + 5000)).toMatchObject([
      { id: "orders-1", state: "ready", generation: 1 },
    ]);
    expect(recording.instances()).toMatchObject([{ id: "orders-1", state: "backoff", lastExit: "SIGKILL" }]);
    expect(recording.instances(start)).toEqual([]);
    expect((recording.ask("logs", { text: "declined" }) as unknown[]).length).toBe(1);
  } finally {
    recording.close();
  }
});

test("an earlier moment has what was then, and nothing of later", async () => {
  const recording = await Recording.open(file, folder);
  try {
    const [before, after] = [start + 9000, start + 19_000].map(
      (at) => recording.ask("graph", { at: String(at) }) as LiveGraph,
    );
    const rates = [before, after].map((graph) => graph?.nodes.find(({ service }) => service === "orders"));
    expect(rates.map((node) => node?.ratePerSecond)).toEqual([10, 40]);
    expect(rates.map((node) => Math.round(node?.p99Ms ?? 0))).toEqual([8, 80]);
  } finally {
    recording.close();
  }
});

test("holds no secret, and nothing of the run before on the same data directory", async () => {
  const recording = await Recording.open(file, folder);
  const unpacked = readdirSync(folder).filter((name) => name.startsWith("microcosm-recording-"));
  try {
    expect(() => recording.ask("trace", { traceId: earlier })).toThrow(MicrocosmError);
    const logs = recording.ask("logs") as LogRecord[];
    expect(logs.map(({ message }) => message)).toContain("administrator ada, password ••• (told only once)");
    expect(JSON.stringify([logs, recording.ask("trace", { traceId }), recording.header])).not.toContain(
      secret,
    );
    // Neither in free pages nor in the index of words.
    const bytes = Buffer.concat(
      await Promise.all(
        unpacked.map(async (name) =>
          Buffer.from(await Bun.file(join(folder, name, "observer.sqlite")).bytes()),
        ),
      ),
    );
    expect(bytes.includes("told only once")).toBe(true);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes("unguessable")).toBe(false);
    expect(recording.ask("logs", { text: "unguessable" })).toEqual([]);
    expect(JSON.stringify(recording.header.topology)).not.toContain("s3cret-value");
    expect(recording.header.topology.services.orders?.env).toEqual({ LEVEL: "debug", API_KEY: "•••" });
  } finally {
    recording.close();
  }
});

test("closing leaves nothing behind", async () => {
  (await Recording.open(file, folder)).close();
  expect(readdirSync(folder).filter((name) => name.includes("microcosm-"))).toEqual([]);
});

test("a run that crashed ends with its last sign of life", async () => {
  const crashed = join(folder, "crashed");
  fill(crashed);
  writeRunRecord(crashed, { ...recordFor(crashed), endedAt: undefined });
  const other = join(folder, "crashed.microcosm");
  await Bun.write(other, await bytesOf({ dataDirectory: crashed }));
  const recording = await Recording.open(other);
  expect(recording.header.endedAt).toBeUndefined();
  expect(recording.header.to).toBe(start + 20_000);
  recording.close();
});

test("no run, no recording", async () => {
  expect(await codeOf(bytesOf({ dataDirectory: join(folder, "nothing") }))).toBe("not-found");
});

describe("what is no recording is told so before anything of it is used", () => {
  const broken = async (change: (bytes: Buffer) => Uint8Array) => {
    const other = join(folder, "broken.microcosm");
    await Bun.write(other, change(Buffer.from(await Bun.file(file).bytes())));
    return Recording.open(other).then(
      (recording) => {
        recording.close();
        return "opened";
      },
      (error) => `${error.code}: ${error.message.replace(other, "FILE")}`,
    );
  };

  test("another kind of file", async () => {
    const told = "recording-invalid: FILE cannot be opened: it is no recording of a run.";
    expect(await broken(() => Buffer.from("name: shop\nservices: {}\n"))).toBe(told);
    expect(await broken(() => new Uint8Array())).toBe(told);
    expect(
      await broken((bytes) => Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1")),
    ).toBe(told);
  });

  test("one of a newer Microcosm", async () => {
    const newer = await broken((bytes) => {
      bytes.writeUInt32LE(formatVersion + 1, 8);
      return bytes;
    });
    expect(newer).toContain(
      `it is of a newer Microcosm: format ${formatVersion + 1}, and this one reads ${formatVersion}`,
    );
  });

  test("one that was cut short, anywhere", async () => {
    const size = Bun.file(file).size;
    for (const at of [
      9,
      prefixBytes,
      prefixBytes + 40,
      Math.floor(size / 2),
      size - 33,
      size - 32,
      size - 1,
    ]) {
      expect([at, (await broken((bytes) => bytes.subarray(0, at))).slice(0, 17)]).toEqual([
        at,
        "recording-invalid",
      ]);
    }
  });

  test("one with a bit turned over, anywhere", async () => {
    const size = Bun.file(file).size;
    for (const at of [0, 8, 13, 30, 200, Math.floor(size / 2), size - 40, size - 10]) {
      const told = await broken((bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ 4;
        return bytes;
      });
      expect([at, told.slice(0, 17)]).toEqual([at, "recording-invalid"]);
    }
  });

  test("one that unpacks to more than it says", async () => {
    const told = await broken((bytes) => {
      const text = bytes.toString("latin1");
      return Buffer.from(text.replace(/"databaseBytes":(\d)/, '"databaseBytes":0'), "latin1");
    });
    expect(told).toContain("recording-invalid");
  });

  test("a file that is not there, or is a folder", async () => {
    expect(await codeOf(Recording.open(join(folder, "none.microcosm")))).toBe("not-found");
    expect(await codeOf(Recording.open(folder))).toBe("recording-invalid");
  });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error) => (error instanceof MicrocosmError ? error.code : String(error)),
  );
}

async function bytesOf({ dataDirectory = data }: { dataDirectory?: string }): Promise<Uint8Array> {
  const made = exportRun({
    dataDirectory,
    live: false,
    scratchDirectory: folder,
    now: start + 60_000,
    signal: new AbortController().signal,
  });
  try {
    const parts: Uint8Array[] = [];
    for await (const part of made.bytes) parts.push(part);
    return Buffer.concat(parts);
  } finally {
    made.close();
  }
}

function recordFor(directory: string) {
  const { topology } = parseTopology(
    [
      "name: shop",
      "services:",
      "  orders:",
      "    source: services/orders",
      "    env: { API_KEY: s3cret-value, LEVEL: debug }",
    ].join("\n"),
    { file: join(directory, "topology.yaml"), directory, checkSources: false },
  );
  if (topology === undefined) throw new Error("the test's topology is wrong");
  return {
    ...recordOf(topology, { mode: "processes", startedAt: start, version: "0.1.0" }),
    endedAt: start + 20_000,
  };
}

/** A run of twenty seconds: 10 requests a second of 8 ms, later 40 of 80 ms; and something of a run before it. */
function fill(directory: string) {
  const clock = new VirtualClock(start - 60_000);
  const observer = new Observer({ file: join(directory, "observer.sqlite"), clock });
  observer.start();
  observer.intake.batch(batch(1, start - 60_000, [span(earlier, start - 60_000)]), clock.now());
  clock.advance(60_000);
  observer.note(state("", "ready", start + 1));
  const points = (second: number) => {
    const [count, ms] = second < 10 ? [10, 8] : [40, 80];
    const histogram = { scale: 3, zeros: 0, min: ms, max: ms, count, sum: count * ms, buckets: [] };
    const index = Math.ceil(Math.log2(ms) * 8) - 1;
    return [
      {
        name: metric.serverDuration,
        kind: "histogram",
        unit: "ms",
        labels: { service: "orders", instance: "orders-1", route: "GET /orders", outcome: "ok" },
        histogram: new Histogram().add({ ...histogram, buckets: [[index, count]] }).toData(),
      },
    ];
  };
  for (let second = 0; second < 20; second++) {
    const at = start + second * 1000;
    const spans = second === 3 ? [span(traceId, at)] : [];
    const logs = second === 3 ? said(at) : [];
    clock.advance(500);
    observer.intake.batch({ ...batch(second + 2, at + 500, spans), logs, metrics: points(second) }, at + 500);
    observer.tick();
    clock.advance(500);
  }
  observer.note({
    ...state("ready", "backoff", start + 18_000),
    detail: { to: "backoff", generation: 1, lastExit: "SIGKILL" },
  });
  observer.settle();
  const told = {
    graph: observer.graph(),
    traces: queries.traces?.(observer, {}) as TraceSummary[],
  };
  observer.stop();
  writeRunRecord(directory, recordFor(directory));
  return told;
}

function batch(sequence: number, at: number, spans: readonly SpanRecord[]) {
  const dropped = { spans: 0, logs: 0, metrics: 0 };
  const from = { service: "orders", instance: "orders-1", generation: 1 };
  return { ...from, sequence, at, spans, logs: [], metrics: [], dropped };
}

function span(trace: string, at: number): SpanRecord {
  return {
    traceId: trace,
    spanId: trace.slice(0, 16),
    name: "GET /orders",
    kind: "server",
    service: "orders",
    instance: "orders-1",
    generation: 1,
    startMs: at,
    durationMs: 8,
    status: "ok",
    attributes: { "url.query": `token=${secret}&page=2`, "http.response.status_code": 200 },
  };
}

function said(at: number): LogRecord[] {
  const from = { at, service: "orders", instance: "orders-1" };
  return [
    { ...from, level: "notice", message: `administrator ada, password ${secret} (told only once)` },
    { ...from, level: "warn", message: "payment declined", fields: { authorization: `Bearer ${secret}` } },
  ];
}

function state(from: string, to: string, at: number) {
  return {
    at,
    kind: "state" as const,
    text: `orders-1 ${from} → ${to}`,
    service: "orders",
    instance: "orders-1",
    detail: { from, to, generation: 1 },
  };
}
