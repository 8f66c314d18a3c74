import type { Stretch } from "../list-range.ts";

/** What the traces are searched by, as it stands in the page's address and in the question to the observer. */
export interface TraceSearch {
  readonly service: string;
  readonly route: string;
  readonly status: "" | "ok" | "error";
  readonly minMs: string;
  readonly maxMs: string;
  /** `name=value`. */
  readonly attribute: string;
}

export const emptySearch: TraceSearch = {
  service: "",
  route: "",
  status: "",
  minMs: "",
  maxMs: "",
  attribute: "",
};

const names = Object.keys(emptySearch) as (keyof TraceSearch)[];
/** Traces asked for at once. */
export const pageTraces = 1000;

export function searchOf(parameters: URLSearchParams): TraceSearch {
  const status = parameters.get("status");
  const given = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""]));
  return {
    ...emptySearch,
    ...given,
    status: status === "ok" || status === "error" ? status : "",
  };
}

/** Only what was given, so that addresses stay short. */
export function parametersOf(search: TraceSearch): URLSearchParams {
  return new URLSearchParams(names.filter((name) => search[name] !== "").map((name) => [name, search[name]]));
}

/** Why the search makes no sense yet; "" when it does. */
export function faultOf(search: TraceSearch): string {
  if (search.attribute !== "" && !/^[^=]+=/.test(search.attribute)) return "An attribute is name=value.";
  for (const name of ["minMs", "maxMs"] as const) {
    if (search[name] !== "" && !(Number(search[name]) >= 0)) return "Durations are milliseconds.";
  }
  return "";
}

export function pathOf(search: TraceSearch, stretch: Stretch = {}): string | undefined {
  if (faultOf(search) !== "") return undefined;
  const parameters = parametersOf(search);
  for (const name of ["from", "to"] as const) {
    if (stretch[name] !== undefined) parameters.set(name, String(stretch[name]));
  }
  parameters.set("limit", String(pageTraces));
  return `/api/telemetry/traces?${parameters}`;
}
