import type { Arrivals } from "./arrivals.ts";

/** When requests are sent: by a clock, or by answers. */
export type Loop =
  | { readonly kind: "open"; readonly arrivals: Arrivals }
  | { readonly kind: "closed"; readonly clients: number; readonly thinkMs: number };

/** Load on a message bus in place of an address. */
export interface BusPlan {
  /** Socket of the broker. */
  readonly address: string;
  readonly topic: string;
  /** Of an event's data. */
  readonly bytes: number;
  /** Different keys in turn, each delivered in order; 0: no key. */
  readonly keys: number;
  /** Each gets every event; the generator processes compete for them. */
  readonly subscriptions: number;
}

/** A whole run, as plain data: it goes to the generator processes and into the report. */
export interface LoadPlan {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A file that exports `scenario`; then `url` is its base and method, headers and body are unused. */
  readonly scenarioFile?: string;
  /** Then an arrival is an event, and `url` only a name. */
  readonly bus?: BusPlan;
  readonly loop: Loop;
  readonly durationMs: number;
  /** `auto`: until the steady state is detected, `maxWarmupMs` at most. */
  readonly warmup: "auto" | number;
  readonly maxWarmupMs: number;
  /** Ends the run early, whatever the time. */
  readonly maxRequests?: number;
  readonly processes: number;
  /** Of all processes together; in a closed loop as many as clients. */
  readonly connections: number;
  readonly timeoutMs: number;
  readonly seed: number;
  /** A send this much after its due time counts as late. */
  readonly lateMs: number;
}

export const planDefaults = {
  method: "GET",
  headers: {},
  durationMs: 10_000,
  warmup: "auto",
  maxWarmupMs: 10_000,
  processes: 1,
  connections: 256,
  timeoutMs: 10_000,
  seed: 1,
  lateMs: 1,
} as const;

export type PlanOptions = Pick<LoadPlan, "url" | "loop"> & Partial<LoadPlan>;

/** Fills in the defaults. Throws naming the option that is wrong. */
export function makePlan(options: PlanOptions): LoadPlan {
  const plan: LoadPlan = { ...planDefaults, ...options };
  const above = (key: string, value: number, least: number) => {
    if (!(value >= least && Number.isFinite(value)))
      throw new Error(`${key} is ${value}, must be ${least} or more`);
  };
  above("durationMs", plan.durationMs, 100);
  above("processes", plan.processes, 1);
  above("connections", plan.connections, plan.processes);
  above("timeoutMs", plan.timeoutMs, 1);
  above("maxWarmupMs", plan.maxWarmupMs, 0);
  if (plan.warmup !== "auto") above("warmup", plan.warmup, 0);
  if (plan.maxRequests !== undefined) above("maxRequests", plan.maxRequests, plan.processes);
  if (plan.loop.kind === "closed") {
    above("clients", plan.loop.clients, plan.processes);
    above("thinkMs", plan.loop.thinkMs, 0);
    return { ...plan, connections: plan.loop.clients };
  }
  return plan;
}

/** The part of `total` that falls to process number `index` of `of`. */
export function part(total: number, index: number, of: number): number {
  return Math.floor(total / of) + (index < total % of ? 1 : 0);
}
