import type { Deliveries } from "../bus-load/drain.ts";
import type { FailureKind } from "./exchange.ts";
import type { FlowCounts } from "./flow.ts";
import type { LevelCounts } from "./levels.ts";
import type { LoadPlan } from "./plan.ts";
import type { IntervalCounts, StepCounts } from "./recorder.ts";

/** To a generator process. Times are milliseconds since the epoch, which all processes of a machine share. */
export type ToGenerator =
  | { readonly kind: "plan"; readonly plan: LoadPlan; readonly index: number }
  /** Begin the warm-up. */
  | { readonly kind: "start"; readonly atMs: number }
  /** What is due from here on counts. */
  | { readonly kind: "measure"; readonly fromMs: number }
  /** Begin nothing new. */
  | { readonly kind: "stop" }
  /** Events are not waited for any more. */
  | { readonly kind: "drained" };

export type FromGenerator =
  | { readonly kind: "ready" }
  | { readonly kind: "warmup"; readonly count: number; readonly meanMs: number; readonly failed: number }
  | { readonly kind: "interval"; readonly counts: IntervalCounts }
  /** After the measurement, until told that it is over. */
  | ({ readonly kind: "deliveries" } & Deliveries)
  | { readonly kind: "result"; readonly result: GeneratorResult }
  /** It cannot do what was asked of it. */
  | { readonly kind: "broken"; readonly message: string };

/** How well the generator itself did; a run in which it did badly measures the generator. */
export interface GeneratorHealth {
  /** Arrivals that were due, of all processes or one. */
  readonly due: number;
  /** Of these, begun more than `lateMs` after they were due. */
  readonly late: number;
  /** Answered requests that were sent so much after they were due, these and those that waited for a connection. */
  readonly sentLate?: number;
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  /** Of one core, while measuring. */
  readonly cpuShare: number;
  /** Of one core, without turns spun in wait for the next due time. */
  readonly busyShare: number;
  /** Share of the time in which it was ready to run and had no core: whatever else runs on the machine. Linux only. */
  readonly waitedShare?: number;
  /** Connections at the end. */
  readonly connections: number;
}

export interface GeneratorResult {
  readonly steps: readonly StepCounts[];
  readonly checks: readonly { readonly name: string; readonly passed: number; readonly failed: number }[];
  readonly health: GeneratorHealth;
  readonly details: readonly (readonly [FailureKind, string])[];
  readonly brokenTurns: number;
  readonly firstBroken?: string;
  /** What went in and came out while measuring, and how long that was. */
  readonly flow: FlowCounts;
  readonly levels: readonly LevelCounts[];
  readonly measuredMs: number;
}
