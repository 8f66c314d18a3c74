import type { InstanceInfo } from "../../runtime/control/api.ts";
import type { Bottleneck } from "../topology/bottleneck.ts";
import type { TargetRun } from "../topology/find.ts";
import type { TargetWatch } from "../topology/watch.ts";
import type { Trials } from "./trials.ts";
import { fitUsl, type UslFit } from "./usl.ts";

export interface ScaleOptions {
  readonly service: string;
  /** How many instances, rising. */
  readonly replicas: readonly number[];
  /** Of the closed loop: enough to keep the most instances busy. */
  readonly clients: number;
}

export interface ReplicaPoint {
  readonly n: number;
  readonly throughput: number;
  /** What limited it at this size. */
  readonly bottleneck?: Bottleneck;
  /** Why that is not known. */
  readonly silence?: string;
}

export interface Scaling extends ScaleOptions {
  /** In the order measured: up, and down again, so that a drift of the machine is in both. */
  readonly points: readonly ReplicaPoint[];
  /** Absent with fewer than three sizes. */
  readonly usl?: UslFit;
}

/** `catalog=1..4` or `catalog=1,2,4`. Throws saying what is expected. */
export function parseScale(text: string): Pick<ScaleOptions, "service" | "replicas"> {
  const [, service, list] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  const range = /^(\d+)\.\.(\d+)$/.exec(list ?? "");
  const numbers =
    range === null
      ? (list ?? "").split(",").map(Number)
      : Array.from(
          { length: Math.max(0, Number(range[2]) - Number(range[1]) + 1) },
          (_, i) => Number(range[1]) + i,
        );
  const replicas = [...new Set(numbers)].sort((a, b) => a - b);
  if (
    service === undefined ||
    replicas.length === 0 ||
    replicas.some((n) => !Number.isInteger(n) || n < 1 || n > 64)
  ) {
    throw new Error(`--scale takes SERVICE=1..4 or SERVICE=1,2,4, up to 64 instances, not "${text}"`);
  }
  return { service, replicas };
}

/** Throws where the target is no run, or has no such service. */
export async function checkScalable(
  { service }: Pick<ScaleOptions, "service">,
  { run }: TargetWatch,
): Promise<{ readonly control: TargetRun["control"]; readonly instances: number }> {
  if (run === undefined)
    throw new Error("only a Microcosm run can be scaled: give --topology, or the address of one");
  const all = await run.control.get<InstanceInfo[]>("/api/instances");
  const instances = all.filter((instance) => instance.service === service).length;
  if (instances === 0) {
    const names = [...new Set(all.map((instance) => instance.service))];
    throw new Error(`there is no service "${service}" in this run; there are ${names.join(", ")}`);
  }
  return { control: run.control, instances };
}

/**
 * How throughput grows with the instances of one service: a closed loop at each size, up and down again. Leaves as many
 * instances as there were. The target must be a run.
 */
export async function measureScaling(
  options: ScaleOptions,
  parts: {
    readonly watch: TargetWatch;
    readonly trials: Trials;
    readonly told: (point: ReplicaPoint) => void;
  },
): Promise<void> {
  const { watch, trials, told } = parts;
  const { control, instances: before } = await checkScalable(options, watch);
  const path = `/api/services/${encodeURIComponent(options.service)}/scale`;
  const scale = (instances: number) => control.post<InstanceInfo[]>(path, { instances });
  try {
    for (const n of [...options.replicas, ...options.replicas.toReversed()]) {
      await scale(n);
      watch.begin();
      const load = await trials.closed(options.clients);
      const bottleneck = (await watch.report(load))?.bottleneck;
      const { silence } = watch;
      const point = {
        ...{ n, throughput: load.perSecond },
        ...(bottleneck === undefined ? {} : { bottleneck }),
        ...(silence === undefined ? {} : { silence }),
      };
      told(point);
    }
  } finally {
    await scale(before);
  }
}

/** The law through the points measured so far. */
export function scalingOf(options: ScaleOptions, points: readonly ReplicaPoint[]): Scaling {
  const answered = points.filter(({ throughput }) => throughput > 0);
  const enough = new Set(answered.map(({ n }) => n)).size >= 3;
  return { ...options, points: [...points], ...(enough ? { usl: fitUsl(answered) } : {}) };
}
