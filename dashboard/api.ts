/**
 * The control API from the page, typed by its contracts (runtime/control/api.ts, runtime/telemetry/query.ts). The session
 * cookie goes along by itself. Paths are whole: `/api/instances`.
 */
import type { Heatmap, LiveGraph, Series, SeriesQuery, TimelineEntry } from "../runtime/telemetry/query.ts";
import type { InstanceInfo, RunInfo } from "../runtime/control/api.ts";
import type { Topology } from "../runtime/topology/model.ts";

/** What the server said was wrong, from its problem+json; or that it did not answer (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  /** `not-found`, `unauthorized`, …; the last part of the problem's type. */
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

export type QueryValues = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `/api/x?a=1&b=2`; undefined and "" are left out, a list is given several times. */
export function withQuery(path: string, values: QueryValues): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === "") continue;
    if (typeof value === "object") for (const one of value) parameters.append(name, one);
    else parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The JSON at `path`. Throws ApiError. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send("GET", path, undefined, signal)).json()) as T;
}

/** Throws ApiError. */
export async function post<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await (await send("POST", path, body, signal)).json()) as T;
}

/** The answer as it is; a Blob is sent as its bytes. For what is no JSON or streams. Throws ApiError. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      ...(body === undefined
        ? {}
        : body instanceof Blob
          ? { body, headers: { "content-type": "application/octet-stream" } }
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, "unreachable", "The control API does not answer: has the run ended?");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  const { status, statusText } = response;
  const text = await response.text().catch(() => "");
  try {
    const { type, title, detail, hint } = JSON.parse(text) as Record<string, string | undefined>;
    const code = type?.split(/[/:#]/).pop() ?? "unknown";
    return new ApiError(status, code, detail ?? title ?? statusText, hint);
  } catch {
    return new ApiError(status, "unknown", `${status} ${statusText}`);
  }
}

export const api = {
  run: (signal?: AbortSignal) => get<RunInfo>("/api/run", signal),
  topology: (signal?: AbortSignal) => get<Topology>("/api/topology", signal),
  /** `at`: of a recording, those of that moment. */
  instances: (at?: number, signal?: AbortSignal) =>
    get<InstanceInfo[]>(withQuery("/api/instances", { at }), signal),
  scale: (service: string, instances: number) =>
    post<InstanceInfo[]>(`/api/services/${encodeURIComponent(service)}/scale`, { instances }),
  service: (service: string, action: "restart" | "stop" | "start") =>
    post<InstanceInfo[]>(`/api/services/${encodeURIComponent(service)}/${action}`),
  instance: (id: string, action: "restart" | "stop" | "start" | "kill" | "freeze" | "thaw") =>
    post<InstanceInfo>(`/api/instances/${encodeURIComponent(id)}/${action}`),
  graph: (windowMs?: number, signal?: AbortSignal) =>
    get<LiveGraph>(withQuery("/api/telemetry/graph", { windowMs }), signal),
  metrics: (signal?: AbortSignal) => get<string[]>("/api/telemetry/metrics", signal),
  series: (query: SeriesQuery, signal?: AbortSignal) =>
    get<Series[]>(withQuery("/api/telemetry/series", { ...query }), signal),
  heatmap: (
    query: {
      readonly metric: string;
      readonly where: readonly string[];
      readonly from: number;
      readonly to: number;
      readonly step: number;
    },
    signal?: AbortSignal,
  ) => get<Heatmap>(withQuery("/api/telemetry/heatmap", query), signal),
  timeline: (
    query: { readonly from?: number; readonly to?: number; readonly limit?: number },
    signal?: AbortSignal,
  ) => get<TimelineEntry[]>(withQuery("/api/telemetry/timeline", query), signal),
} as const;
