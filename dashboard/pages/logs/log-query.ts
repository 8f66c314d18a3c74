import type { LogRecord } from "../../../runtime/telemetry/model.ts";
import type { Stretch } from "../list-range.ts";

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

export interface LogPlace extends Stretch {
  /** Ids. */
  readonly before?: number;
  readonly after?: number;
}

export function logPath(filter: LogFilter, place: LogPlace = {}): string {
  const { trace, ...rest } = filter;
  const parameters = new URLSearchParams(Object.entries(rest).filter(([, value]) => value !== ""));
  if (trace !== "") parameters.set("traceId", trace);
  for (const name of ["from", "to", "before", "after"] as const) {
    if (place[name] !== undefined) parameters.set(name, String(place[name]));
  }
  parameters.set("limit", String(pageLines));
  return `/api/telemetry/logs?${parameters}`;
}
