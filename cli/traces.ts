import type { ObserverStats, TraceDetail, TraceSummary } from "../runtime/telemetry/query.ts";
import { skewsOf } from "../runtime/telemetry/clock-skew.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import type { RunInfo } from "../runtime/control/api.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { type Column, duration, paint, print, printJson, table, terminalWidth } from "./output.ts";
import { type Stretch, stretchOf } from "./moment.ts";
import { waterfall } from "./waterfall.ts";

export interface TracesOptions extends RunOptions, Stretch {
  readonly service?: string;
  readonly route?: string;
  readonly status?: string;
  readonly slower?: number;
  readonly attribute?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** A terminal of fewer columns has no room for whole ids. */
const wideTerminal = 120;
/** Among these the beginning of an id is looked for: as many as are told at once. */
const recentTraces = 1000;

/** Recent traces, newest first. */
export async function traces(options: TracesOptions): Promise<undefined> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const key of ["service", "route", "status", "attribute"] as const) {
    const value = options[key];
    if (value !== undefined) query.set(key, value);
  }
  for (const [name, at] of Object.entries(stretchOf(options))) query.set(name, String(at));
  if (options.slower !== undefined) query.set("minMs", String(options.slower));
  const client = await ControlClient.find(options);
  const found = await client.get<TraceSummary[]>(`/api/telemetry/traces?${query}`);
  if (options.json === true) for (const trace of found) printJson(trace);
  else if (found.length === 0)
    print("No trace fits. A part of the requests is sampled, and all that fail or are slow.");
  else print(table(found, columns));
  if (options.json !== true) {
    const { startedAt } = await client.get<RunInfo>("/api/run");
    const stats = await client.get<ObserverStats>(`/api/telemetry/stats?from=${startedAt}`);
    print(paint("dim", lossesOf(stats)));
  }
  return undefined;
}

/** Spans that are not there, so that nobody takes what is shown for all there was. */
function lossesOf({ tracesStored, dropped }: ObserverStats): string {
  const reasons = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
  const kept = `${tracesStored} traces kept`;
  return reasons.length === 0 ? kept : `${kept}; not kept, or odd: ${reasons.join(", ")}`;
}

const columns: readonly Column<TraceSummary>[] = [
  // The beginning is enough for `trace`; in a pipe the whole id is there.
  { title: "TRACE", value: (t) => (terminalWidth() < wideTerminal ? t.traceId.slice(0, 12) : t.traceId) },
  { title: "AT", value: (t) => new Date(t.startMs).toISOString().slice(11, 23) },
  { title: "DURATION", value: (t) => precise(t.durationMs), right: true },
  {
    title: "STATUS",
    value: (t) => String(t.httpStatus ?? t.status),
    style: (t) => (t.status === "error" ? "red" : "green"),
  },
  { title: "SPANS", value: (t) => String(t.spans), right: true, spare: 2 },
  { title: "NAME", value: (t) => t.name },
  { title: "SERVICES", value: (t) => t.services.join(" "), spare: 3 },
];

/** One trace as a waterfall, with its logs. The beginning of an id is enough when it is among the recent ones. */
export async function trace(
  id: string,
  options: RunOptions & { readonly json?: boolean },
): Promise<undefined> {
  const client = await ControlClient.find(options);
  const detail = await client.get<TraceDetail>(
    `/api/telemetry/traces/${encodeURIComponent(await whole(client, id))}`,
  );
  if (options.json === true) {
    printJson(detail);
    return undefined;
  }
  const { summary } = detail;
  const state = summary.status === "error" ? paint("red", "error") : paint("green", "ok");
  print(`${paint("bold", summary.name)}  ${state}  ${precise(summary.durationMs)}  ${summary.spans} spans`);
  print(paint("dim", `${summary.traceId}  ${new Date(summary.startMs).toISOString()}`));
  print();
  for (const line of waterfall(detail, process.stdout.columns ?? 120)) print(line);
  const skews = skewsOf(detail.spans);
  if (skews !== undefined) {
    const moved = `${skews.spans} spans were moved to their causes`;
    print(paint("yellow", `Clocks differ by up to ${precise(skews.mostMs)}: ${moved}.`));
  }
  if (detail.orphans > 0) print(paint("yellow", `${detail.orphans} spans came without their parent.`));
  return undefined;
}

async function whole(client: ControlClient, given: string): Promise<string> {
  const id = given.toLowerCase();
  if (!/^[0-9a-f]{1,32}$/.test(id)) {
    throw new MicrocosmError(
      "bad-request",
      `"${given}" is no trace id: expected up to 32 hex digits, as microcosm traces lists them.`,
    );
  }
  if (id.length === 32) return id;
  const recent = await client.get<TraceSummary[]>(`/api/telemetry/traces?limit=${recentTraces}`);
  const found = recent.filter(({ traceId }) => traceId.startsWith(id));
  const [only, ...others] = found;
  if (only === undefined) {
    throw new MicrocosmError(
      "not-found",
      `None of the newest ${recentTraces} traces begins with ${id}; an older one needs its whole id.`,
    );
  }
  if (others.length === 0) return only.traceId;
  const list = found.slice(0, 5).map(({ traceId, name }) => `\n  ${traceId}  ${name}`);
  throw new MicrocosmError("bad-request", `${found.length} traces begin with ${id}:${list.join("")}`);
}

export function precise(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 2 : 1)} ms` : duration(ms);
}
