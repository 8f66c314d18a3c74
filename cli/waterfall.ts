import type { LogRecord, SpanRecord } from "../runtime/telemetry/model.ts";
import type { TraceDetail } from "../runtime/telemetry/query.ts";
import { paint } from "./output.ts";

const labelWidth = 48;
const timeWidth = 10;
const leastBarWidth = 20;
const maxLines = 2000;

/** One line a span, children under their parents and indented, its bar in the time of the whole; then its logs. */
export function waterfall({ spans, logs }: TraceDetail, columns: number): string[] {
  const first = spans[0];
  if (first === undefined) return [];
  const begin = Math.min(...spans.map((span) => span.startMs));
  const end = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  const width = Math.max(leastBarWidth, columns - labelWidth - timeWidth - 2);
  const scale = width / Math.max(end - begin, 0.001);
  const depths = depthsOf(spans);
  const logsBySpan = Map.groupBy(logs, (log) => log.spanId ?? "");
  const lines: string[] = [];
  for (const span of spans) {
    const indent = "  ".repeat(Math.min(depths.get(span.spanId) ?? 0, 12));
    lines.push(spanLine(span, indent, begin, scale, width));
    for (const log of logsBySpan.get(span.spanId) ?? []) lines.push(logLine(log, indent));
    if (lines.length >= maxLines) return [...lines, `… ${spans.length} spans in all; --json has them`];
  }
  return lines;
}

function spanLine(span: SpanRecord, indent: string, begin: number, scale: number, width: number): string {
  const from = Math.min(width - 1, Math.max(0, Math.floor((span.startMs - begin) * scale)));
  const length = Math.max(1, Math.min(width - from, Math.round(span.durationMs * scale)));
  const label = fit(`${indent}${span.instance} ${span.name}`, labelWidth);
  const time = `${span.durationMs.toFixed(2)} ms`.padStart(timeWidth);
  const bar = " ".repeat(from) + paint(colourOf(span), "█".repeat(length));
  return `${span.status === "error" ? paint("red", label) : label} ${time} ${bar}`;
}

function logLine(log: LogRecord, indent: string): string {
  return paint(log.level === "error" ? "red" : "dim", `${indent}  ${log.level}: ${log.message}`);
}

function colourOf(span: SpanRecord): "red" | "cyan" | "magenta" | "blue" | "green" {
  if (span.status === "error") return "red";
  if (span.kind === "server") return "cyan";
  if (span.kind === "producer" || span.kind === "consumer") return "magenta";
  return span.kind === "client" ? "blue" : "green";
}

function depthsOf(spans: readonly SpanRecord[]): Map<string, number> {
  const depths = new Map<string, number>();
  // Parents stand before their children.
  for (const span of spans) depths.set(span.spanId, (depths.get(span.parentSpanId ?? "") ?? -1) + 1);
  return depths;
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}
