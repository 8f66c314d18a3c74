import type { Random } from "../../runtime/clock.ts";
import { BusWorkload } from "../bus-load/workload.ts";
import { HttpPool } from "./http-pool.ts";
import type { Line } from "./line.ts";
import { type LoadPlan, part } from "./plan.ts";
import type { Recorder } from "./recorder.ts";
import { makeRequest, parseTarget } from "./request.ts";
import type { Scenario } from "./scenario.ts";
import { ScenarioWorkload, SingleRequest, type Workload } from "./workload.ts";

const maxWaiting = 1_000_000;
const maxTurns = 100_000;

export interface WorkloadParts {
  readonly plan: LoadPlan;
  /** Of `plan.processes`. */
  readonly index: number;
  readonly scenario: Scenario | undefined;
  readonly recorder: Recorder;
  readonly random: Random;
}

/** What an arrival of this plan does, and what carries it. */
export function workloadOf({ plan, index, scenario, recorder, random }: WorkloadParts): {
  line: Line;
  workload: Workload;
} {
  if (plan.bus !== undefined) {
    const bus = new BusWorkload({ bus: plan.bus, index, timeoutMs: plan.timeoutMs, recorder });
    return { line: bus, workload: bus };
  }
  const target = parseTarget(plan.url);
  const { hostname, port, tls } = target;
  const { timeoutMs } = plan;
  const maxConnections = part(plan.connections, index, plan.processes);
  const pool = new HttpPool({ hostname, port, tls, maxConnections, timeoutMs, maxWaiting });
  if (scenario !== undefined) {
    return {
      line: pool,
      workload: new ScenarioWorkload({ scenario, target, pool, recorder, random, maxTurns }),
    };
  }
  const path = target.url.pathname + target.url.search;
  const { method, headers, body } = plan;
  const request = makeRequest(target, { method, path, headers, ...(body === undefined ? {} : { body }) });
  return { line: pool, workload: new SingleRequest(pool, recorder, request, `${method} ${path}`) };
}
