import type { Figures, PartFacts } from "../peers/part.ts";
import { microcosmVersion } from "../peers/side.ts";
import { measureServices } from "./measure.ts";

const many = 100;
const few = 25;
const idleBudgetPercent = 2;
const linear = `${few} services, × ${many / few}`;
const limit = `${idleBudgetPercent} % of a core`;
/** From ready on: longer than what a start leaves to be done, and than an idle service takes to rest. */
const settleSeconds = 75;
/** Of a whole minute's rest. */
const idleSeconds = 60;

export function servicesFacts(): PartFacts {
  const version = microcosmVersion();
  const config = "trivial services: bench/services/topology.ts";
  return {
    name: "services",
    title: "A hundred services",
    load: `no request; idle CPU over ${idleSeconds} s, from ${settleSeconds} s after ready on; the tree is the supervisor and all its workers`,
    sides: [
      { name: "Microcosm", version, does: `${many} services`, config },
      { name: linear, version: "", does: "what linear growth from there would be", config },
      { name: limit, version: "", does: "the budget", config: "" },
    ],
  };
}

/** 100 services: start and memory beside four times what a quarter of them needs, idle CPU beside 2 % of a core. Linux only. */
export async function measureServicesRound(): Promise<Readonly<Record<string, Figures>>> {
  const small = await measureServices(few, { settleSeconds: 1, seconds: 1 });
  const large = await measureServices(many, { settleSeconds, seconds: idleSeconds });
  const times = (value: number) => (value * many) / few;
  const idleOf = (kinds: (kind: string) => boolean) =>
    large.idle.reduce((sum, { kind, cpuPercent }) => sum + (kinds(kind) ? cpuPercent : 0), 0);
  const single = ["supervisor", "observer"];
  return {
    Microcosm: {
      startMs: large.readyMs,
      startCpuMs: large.startCpuMs,
      pssMiB: large.pssMiB,
      idlePercent: idleOf(() => true),
      idleServicesPercent: idleOf((kind) => kind === "service"),
      idleSupervisorPercent: idleOf((kind) => kind === "supervisor"),
      idleObserverPercent: idleOf((kind) => kind === "observer"),
      idleOthersPercent: idleOf((kind) => kind !== "service" && !single.includes(kind)),
      wakeUpsPerSecond: large.idle.reduce((sum, { wakeUpsPerSecond }) => sum + wakeUpsPerSecond, 0),
    },
    [linear]: {
      startMs: times(small.readyMs),
      startCpuMs: times(small.startCpuMs),
      pssMiB: times(small.pssMiB),
    },
    [limit]: { idlePercent: idleBudgetPercent },
  };
}
