import { readFileSync } from "node:fs";
import { durationExamples, parseDuration } from "../../runtime/topology/duration.ts";
import { type Arrivals, parseTrace } from "./arrivals.ts";
import { type LoadPlan, makePlan, type PlanOptions } from "./plan.ts";
import { parseTarget } from "./request.ts";
import { scenarioFile } from "./scenarios.ts";

/** As commander hands them over: text, checked here. */
export interface LoadOptions {
  readonly rate?: string;
  readonly arrivals?: string;
  readonly to?: string;
  readonly over?: string;
  readonly rates?: string;
  readonly every?: string;
  readonly peak?: string;
  readonly at?: string;
  readonly for?: string;
  readonly trace?: string;
  readonly clients?: string;
  readonly think?: string;
  readonly duration?: string;
  readonly warmup?: string;
  readonly requests?: string;
  readonly connections?: string;
  readonly processes?: string;
  readonly timeout?: string;
  readonly seed?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly scenario?: string;
}

export const arrivalKinds = ["constant", "poisson", "ramp", "step", "spike", "trace"] as const;

/** After the last arrival of a trace there is time for its answer. */
const traceTailMs = 1000;

/** Which kinds of arrivals have what options. */
const arrivalOptions: Record<
  "rate" | "to" | "over" | "rates" | "every" | "peak" | "at" | "for" | "trace",
  readonly Arrivals["kind"][]
> = {
  rate: ["constant", "poisson", "ramp", "spike"],
  to: ["ramp"],
  over: ["ramp"],
  rates: ["step"],
  every: ["step"],
  peak: ["spike"],
  at: ["spike"],
  for: ["spike"],
  trace: ["trace"],
};

/** Throws with the option's name and what it takes. */
export function planOf(url: string, options: LoadOptions): LoadPlan {
  const target = parseTarget(url);
  const loop = loopOf(options);
  const traceMs =
    loop.kind === "open" && loop.arrivals.kind === "trace"
      ? loop.arrivals.timesMs.at(-1)! + traceTailMs
      : undefined;
  const durationMs =
    duration("duration", options.duration) ?? (traceMs === undefined ? undefined : Math.max(100, traceMs));
  const method = options.method ?? (options.data === undefined ? undefined : "POST");
  return makePlan(
    given<PlanOptions>({
      url: target.url.href,
      loop,
      durationMs,
      warmup: options.warmup === "auto" ? "auto" : duration("warmup", options.warmup),
      maxRequests: count("requests", options.requests),
      connections: count("connections", options.connections),
      processes: count("processes", options.processes),
      timeoutMs: duration("timeout", options.timeout),
      seed: count("seed", options.seed),
      method: method?.toUpperCase(),
      headers: headersOf(options.header ?? []),
      body: options.data,
      scenarioFile: options.scenario === undefined ? undefined : scenarioFile(options.scenario),
    }),
  );
}

function loopOf(options: LoadOptions): LoadPlan["loop"] {
  if (options.clients !== undefined) {
    for (const name of ["rate", "arrivals", "trace", "rates"] as const) {
      if (options[name] !== undefined) throw new Error(`--clients is a closed loop and takes no --${name}`);
    }
    return {
      kind: "closed",
      clients: count("clients", options.clients)!,
      thinkMs: duration("think", options.think) ?? 0,
    };
  }
  if (options.think !== undefined) throw new Error("--think needs --clients");
  const kind = options.arrivals ?? (options.trace === undefined ? "constant" : "trace");
  if (!(arrivalKinds as readonly string[]).includes(kind)) {
    throw new Error(`--arrivals takes ${arrivalKinds.join(", ")}, not "${kind}"`);
  }
  for (const [name, kinds] of Object.entries(arrivalOptions)) {
    if (
      options[name as keyof typeof arrivalOptions] !== undefined &&
      !kinds.includes(kind as Arrivals["kind"])
    )
      throw new Error(`--${name} is for --arrivals ${kinds.join(" or ")}, and these are ${kind}`);
  }
  return { kind: "open", arrivals: arrivalsOf(kind as Arrivals["kind"], options) };
}

function arrivalsOf(kind: Arrivals["kind"], options: LoadOptions): Arrivals {
  const needed = <T>(name: keyof LoadOptions, value: T | undefined): T => {
    if (value === undefined) throw new Error(`--arrivals ${kind} needs --${name}`);
    return value;
  };
  switch (kind) {
    case "constant":
    case "poisson":
      if (options.rate === undefined)
        throw new Error("give --rate N (an open loop) or --clients N (a closed one)");
      return { kind, rate: rateAboveZero("rate", options.rate) };
    case "ramp":
      return {
        kind,
        from: needed("rate", rate("rate", options.rate)),
        to: needed("to", rate("to", options.to)),
        overMs: needed("over", duration("over", options.over)),
      };
    case "step":
      return {
        kind,
        rates: needed("rates", options.rates)
          .split(",")
          .map((text) => rate("rates", text)!),
        everyMs: needed("every", duration("every", options.every)),
      };
    case "spike":
      return {
        kind,
        rate: needed("rate", rate("rate", options.rate)),
        peak: needed("peak", rate("peak", options.peak)),
        atMs: needed("at", duration("at", options.at)),
        forMs: needed("for", duration("for", options.for)),
      };
    case "trace":
      return { kind, timesMs: traceOf(needed("trace", options.trace)) };
  }
}

function traceOf(file: string): number[] {
  try {
    return parseTrace(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`--trace ${file}: ${(cause as Error).message}`, { cause });
  }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const found = /^([^:\s]+):\s*(.*)$/.exec(line);
    if (found === null) throw new Error(`--header takes "name: value", not "${line}"`);
    headers[found[1]!] = found[2]!;
  }
  return headers;
}

function duration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new Error(`--${name} takes a duration such as ${durationExamples}, not "${text}"`);
  return ms;
}

function rate(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && Number.isFinite(value))) {
    throw new Error(`--${name} takes a number a second, not "${text}"`);
  }
  return value;
}

function rateAboveZero(name: string, text: string): number {
  const value = rate(name, text)!;
  if (value === 0) throw new Error(`--${name} takes a number a second above 0, not "${text}"`);
  return value;
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number above 0, not "${text}"`);
  return value;
}

/** Without the keys that are undefined, so that the defaults stand. */
function given<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
