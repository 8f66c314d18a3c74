import { LatencyHistogram } from "../load/histogram.ts";
import { makePlan } from "../load/plan.ts";
import { failures } from "../load/result.ts";
import { type RunHooks, runLoad } from "../load/run.ts";
import type { StepCounts } from "../load/recorder.ts";
import type { CompareModesOptions } from "./options.ts";
import type { Subject } from "./subject.ts";

const durationMs = 6000;
const warmupMs = 500;
/** The crash comes after this many whole seconds of the measurement. */
const crashAfterSeconds = 1;
/** A request that hangs on a dead process gives up, so that it is counted where it belongs. */
const timeoutMs = 3000;

export interface RouteAfterCrash {
  readonly route: string;
  readonly requests: number;
  readonly failed: number;
  /** From the crash to the end of the last request that failed; 0 when none did. */
  readonly downMs: number;
  /** Those that waited for the instance instead of failing show here. */
  readonly maxMs: number;
}

export interface CrashValues {
  readonly failed: number;
  readonly requests: number;
  /** Routes on which at least one request failed. */
  readonly routesHit: number;
  readonly downMs: number;
  readonly routes: readonly RouteAfterCrash[];
}

/** Crashes a service under load, for real, and counts what fails, route by route. */
export async function measureCrash(
  subject: Subject,
  options: CompareModesOptions,
  seed: number,
  hooks: RunHooks,
): Promise<CrashValues> {
  let crashed: Promise<void> | undefined;
  let crashedAt = 0;
  const crash = async () => {
    crashedAt = Date.now();
    await subject.crash(options.crash);
  };
  const load = await runLoad(
    makePlan({
      ...{
        url: subject.url,
        scenarioFile: options.routesFile,
        durationMs,
        warmup: warmupMs,
        timeoutMs,
        seed,
      },
      loop: { kind: "open", arrivals: { kind: "poisson", rate: options.crashRate } },
    }),
    {
      ...hooks,
      second: ({ second }) => {
        if (second + 1 === crashAfterSeconds) crashed = crash();
      },
    },
  );
  hooks.signal?.throwIfAborted();
  if (crashed === undefined) throw new Error(`the load ended before ${options.crash} was crashed`);
  await crashed;
  const crashMs = crashedAt - load.measuredAt;
  const routes = load.steps
    .map((step) => routeOf(step, crashMs))
    .sort((a, b) => (a.route < b.route ? -1 : 1));
  return {
    requests: routes.reduce((sum, { requests }) => sum + requests, 0),
    failed: routes.reduce((sum, { failed }) => sum + failed, 0),
    routesHit: routes.filter(({ failed }) => failed > 0).length,
    downMs: Math.max(0, ...routes.map(({ downMs }) => downMs)),
    routes,
  };
}

function routeOf(step: StepCounts, crashMs: number): RouteAfterCrash {
  const without = failures(step);
  return {
    route: step.name,
    requests: step.replied + without,
    failed: without + step.bad,
    downMs: step.failing === undefined ? 0 : Math.max(0, step.failing.untilMs - crashMs),
    maxMs: LatencyHistogram.decode(step.corrected).maxMs,
  };
}
