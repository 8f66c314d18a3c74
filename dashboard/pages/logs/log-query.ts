import type { LogRecord } from "../../../runtime/telemetry/model.ts";

export interface LogFilter {
  readonly text: string;
  readonly service: string;
  readonly instance: string;
  /** This level and graver ones; "" for all. */
  readonly level: LogRecord["level"] | "";
  readonly trace: string;
}

export const emptyFilter: LogFilter = { text: "", service: "", instance: "", level: "", trace: "" };

export const levels = ["debug", "info", "notice", "warn", "error"] as const;

/** Lines asked for at once. */
export const pageLines = 1000;

export function filterOf(parameters: URLSearchParams): LogFilter {
  const level = parameters.get("level") ?? "";
  const trace = parameters.get("trace") ?? "";
  return {
    text: parameters.get("text") ?? "",
    service: parameters.get("service") ?? "",
    instance: parameters.get("instance") ?? "",
    level: (levels as readonly string[]).includes(level) ? (level as LogFilter["level"]) : "",
    trace: /^[0-9a-f]{32}$/.test(trace) ? trace : "",
  };
}

export function parametersOf(filter: LogFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
}

export function logPath(filter: LogFilter, place: { before?: number; after?: number } = {}): string {
  const { trace, ...rest } = filter;
  const parameters = new URLSearchParams(Object.entries(rest).filter(([, value]) => value !== ""));
  if (trace !== "") parameters.set("traceId", trace);
  if (place.before !== undefined) parameters.set("before", String(place.before));
  if (place.after !== undefined) parameters.set("after", String(place.after));
  parameters.set("limit", String(pageLines));
  return `/api/telemetry/logs?${parameters}`;
}
