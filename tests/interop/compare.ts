import { conventional } from "../../runtime/telemetry/observer/otlp/conventions.ts";
import type { SpanRecord } from "../../runtime/telemetry/model.ts";
import type { TraceDetail } from "../../runtime/telemetry/query.ts";
import { eventually } from "../kit/run.ts";
import type { Capture, CapturedSpan } from "./capture.ts";
import { expectThat, type Observed } from "./observed.ts";

const kinds = ["", "internal", "server", "client", "producer", "consumer"];
const statuses = ["unset", "ok", "error"];
/** Ours are in microseconds. */
const toleranceMs = 0.002;

/** Every span is there once, and equal in all that OTLP has. */
export async function compareOtlp(traces: readonly TraceDetail[], capture: Capture): Promise<string> {
  const { ours, theirs } = await both(traces, capture);
  for (const span of ours) {
    const other = theirs.get(span.spanId)!;
    const wanted = {
      ...placeOf(span),
      instance: span.instance,
      kind: span.kind,
      status: span.status,
      attributes: sorted(span.attributes),
      links: span.links ?? [],
    };
    const found = {
      ...placeOfCaptured(other),
      instance: other.instance,
      kind: kinds[other.kind ?? 0],
      status: statuses[other.status?.code ?? 0],
      attributes: sorted(other.attributes),
      links: (other.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    };
    same(found, wanted);
    sameTimes(other, span);
  }
  return `OTLP out: ${ours.length} spans of ${traces.length} traces, each once and equal, links and attributes too`;
}

export async function compareZipkin(traces: readonly TraceDetail[], capture: Capture): Promise<string> {
  const { ours, theirs } = await both(traces, capture);
  for (const span of ours) {
    const other = theirs.get(span.spanId)!;
    same(placeOfCaptured(other), placeOf(span));
    for (const [name, value] of Object.entries(span.attributes)) {
      // The receiver takes some tags for what they mean in OpenTelemetry.
      const known = other.attributes[name];
      expectThat(
        known === undefined || String(known) === String(value),
        () => `${name} is ${known}, not ${value}`,
      );
    }
    sameTimes(other, span);
  }
  return `Zipkin out: ${ours.length} spans, each once and under its parent`;
}

/** What came back by OTLP is in the second observer as in the first. */
export async function compareStored(traces: readonly TraceDetail[], second: Observed): Promise<string> {
  let spans = 0;
  for (const { summary, spans: ours } of traces) {
    const found = await second.trace(summary.traceId, (detail) => detail.spans.length >= ours.length);
    const comparable = (span: SpanRecord) => ({
      ...placeOf(span),
      instance: span.instance,
      kind: span.kind,
      status: span.status,
      attributes: sorted(span.attributes),
      links: span.links ?? [],
    });
    const byId = (a: SpanRecord, b: SpanRecord) => (a.spanId < b.spanId ? -1 : 1);
    same(found.spans.toSorted(byId).map(comparable), ours.toSorted(byId).map(comparable));
    expectThat(found.orphans === 0, () => `${found.orphans} orphans in ${summary.traceId}`);
    spans += ours.length;
  }
  return `OTLP in, from the collector: ${spans} spans of ${traces.length} traces, the same trees, no orphans`;
}

export async function compareLogs(first: Observed, capture: Capture, second: Observed): Promise<string> {
  const ours = (await first.logs()).map(({ service, message, traceId = "" }) => ({
    service,
    message,
    traceId,
  }));
  const keyOf = (line: (typeof ours)[number]) => JSON.stringify([line.service, line.message, line.traceId]);
  const inTraces = ours.filter(({ traceId }) => traceId !== "").length;
  expectThat(inTraces > 0, () => "no line was written within a trace");
  await eventually("every log line at the backend and in the second observer", async () => {
    const kept = (await second.logs()).map(({ service, message, traceId = "" }) => ({
      service,
      message,
      traceId,
    }));
    for (const lines of [capture.logs, kept]) {
      const there = Map.groupBy(lines, keyOf);
      const missing = ours.find((line) => (there.get(keyOf(line))?.length ?? 0) === 0);
      if (missing !== undefined) throw new Error(`missing: ${keyOf(missing)}`);
    }
    return true;
  });
  return `logs out and in: ${ours.length} lines, ${inTraces} of them within a trace`;
}

export async function compareMetrics(
  first: Observed,
  capture: Capture,
  second: Observed,
  reads: number,
): Promise<string> {
  const route = "GET /v1/products/{id}";
  const key = `gateway http.server.request.duration ${route}`;
  await eventually("the reads in the metrics at the backend", () => capture.counts.get(key) === reads);
  const names = await first.json<string[]>("/metrics");
  const missing = names
    .map((name) => conventional(name, {}).name)
    .filter((name) => !capture.metrics.has(name));
  expectThat(missing.length === 0, () => `not exported: ${missing.join(", ")}`);
  const line =
    /^http_server_request_duration_seconds_count\{.*route="GET \/v1\/products\/\{id\}".*service="gateway".*\} (\d+)$/m;
  await eventually("the same count in the second observer", async () => {
    const found = line.exec(await second.text("/metrics"))?.[1];
    if (Number(found) !== reads) throw new Error(`${found}`);
    return true;
  });
  return `metrics out and in: ${names.length} names; ${reads} reads counted as ${reads} here, there and back`;
}

async function both(traces: readonly TraceDetail[], capture: Capture) {
  const ours = traces.flatMap(({ spans }) => spans);
  const theirs = await eventually("every span at the backend", () => {
    const found = new Map(capture.spans.map((span) => [span.spanId, span]));
    const missing = ours.filter(({ spanId }) => !found.has(spanId));
    if (missing.length > 0) throw new Error(`${missing.length} of ${ours.length} are missing`);
    return found;
  });
  const ids = new Set(ours.map(({ spanId }) => spanId));
  const times = capture.spans.filter(({ spanId }) => ids.has(spanId)).length;
  expectThat(times === ours.length, () => `${times} spans came for ${ours.length}`);
  return { ours, theirs };
}

function placeOf({ traceId, spanId, parentSpanId = "", name, service }: SpanRecord) {
  return { traceId, spanId, parentSpanId, name, service };
}

function placeOfCaptured({ traceId, spanId, parentSpanId = "", name, service }: CapturedSpan) {
  return { traceId, spanId, parentSpanId, name, service };
}

function sameTimes(other: CapturedSpan, { startMs, durationMs }: SpanRecord): void {
  const start = Number(BigInt(other.startTimeUnixNano) / 1000n) / 1000;
  const end = Number(BigInt(other.endTimeUnixNano) / 1000n) / 1000;
  const off = Math.max(Math.abs(start - startMs), Math.abs(end - startMs - durationMs));
  expectThat(off <= toleranceMs, () => `${other.name}: ${start}–${end}, not ${startMs} and ${durationMs}`);
}

function same(found: unknown, wanted: unknown): void {
  expectThat(Bun.deepEquals(found, wanted), () => `found ${Bun.inspect(found)}, not ${Bun.inspect(wanted)}`);
}

function sorted(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
