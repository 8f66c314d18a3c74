import type { TraceDetail, TraceSummary } from "../runtime/telemetry/query.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { type Column, duration, paint, print, printJson, table } from "./output.ts";
import { waterfall } from "./waterfall.ts";

export interface TracesOptions extends RunOptions {
  readonly service?: string;
  readonly route?: string;
  readonly status?: string;
  readonly slower?: number;
  readonly attribute?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** Recent traces, newest first. */
export async function traces(options: TracesOptions): Promise<undefined> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const key of ["service", "route", "status", "attribute"] as const) {
    const value = options[key];
    if (value !== undefined) query.set(key, value);
  }
  if (options.slower !== undefined) query.set("minMs", String(options.slower));
  const client = await ControlClient.find(options);
  const found = await client.get<TraceSummary[]>(`/api/telemetry/traces?${query}`);
  if (options.json === true) for (const trace of found) printJson(trace);
  else if (found.length === 0)
    print("No trace fits. A part of the requests is sampled, and all that fail or are slow.");
  else print(table(found, columns));
  return undefined;
}

const columns: readonly Column<TraceSummary>[] = [
  { title: "TRACE", value: (t) => t.traceId },
  { title: "AT", value: (t) => new Date(t.startMs).toISOString().slice(11, 23) },
  { title: "DURATION", value: (t) => precise(t.durationMs), right: true },
  {
    title: "STATUS",
    value: (t) => String(t.httpStatus ?? t.status),
    style: (t) => (t.status === "error" ? "red" : "green"),
  },
  { title: "SPANS", value: (t) => String(t.spans), right: true },
  { title: "NAME", value: (t) => t.name },
  { title: "SERVICES", value: (t) => t.services.join(" ") },
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
  if (detail.orphans > 0) print(paint("yellow", `${detail.orphans} spans came without their parent.`));
  return undefined;
}

async function whole(client: ControlClient, id: string): Promise<string> {
  if (id.length >= 32) return id;
  const recent = await client.get<TraceSummary[]>("/api/telemetry/traces?limit=1000");
  return recent.find((candidate) => candidate.traceId.startsWith(id))?.traceId ?? id;
}

export function precise(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 2 : 1)} ms` : duration(ms);
}
