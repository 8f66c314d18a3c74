import { benchBoot } from "../boot/run.ts";
import { measureServices } from "../services/run.ts";
import { benchTelemetry } from "../telemetry/run.ts";
import type { WrkResult } from "../wrk.ts";
import type { Measured, Sample } from "./part.ts";
import type { PartOptions } from "./parts.ts";
import { microcosmVersion } from "./side.ts";

/** Budgets whose peer is Bun or Microcosm itself. They have commands of their own, whose rounds are taken over. */

const us = "Microcosm";

/** `up` of the shop beside as many bare Bun workers. */
export async function measureBoot(rounds: number): Promise<Measured> {
  const found = await benchBoot({ rounds });
  const workers = found.rounds[0]?.workers ?? 0;
  return {
    facts: {
      name: "boot",
      title: "Start and memory",
      load: `${workers} worker processes, interleaved; PSS a second after they are ready`,
      sides: [
        {
          name: us,
          version: microcosmVersion(),
          does: "`up` of the shop with new databases, until the first 200 through the gateway; memory of a service, median",
          config: "topology.yaml",
        },
        {
          name: "bare Bun workers",
          version: Bun.version,
          does: "import hono and drizzle-orm, say that they are there, and wait",
          config: "bench/boot/bare-worker.ts",
        },
      ],
    },
    samples: found.rounds.flatMap(({ up, bare, servicePss, barePss }, round): Sample[] => [
      { part: "boot", side: us, round, figures: { startMs: up, pssMiB: servicePss / 2 ** 20 } },
      {
        part: "boot",
        side: "bare Bun workers",
        round,
        figures: { startMs: bare, pssMiB: barePss / 2 ** 20 },
      },
    ]),
  };
}

/** The gateway path with telemetry at its default sampling, beside the same without. */
export async function measureTelemetry(rounds: number, options: PartOptions): Promise<Measured> {
  const { seconds, connections } = options;
  const { on, off } = await benchTelemetry({ rounds, seconds, connections });
  const sample = (side: string) => (result: WrkResult, round: number) => {
    const { requestsPerSecond: perSecond, p50Ms, p99Ms } = result;
    return { part: "telemetry", side, round, figures: { perSecond, p50Ms, p99Ms } };
  };
  const version = microcosmVersion();
  return {
    facts: {
      name: "telemetry",
      title: "What telemetry costs",
      load: `wrk -t1 -c${connections}, GET /items/250, ${seconds} s a turn; both run all the time and are asked in turns`,
      sides: [
        { name: us, version, does: "telemetry at its default: 5 % sampled", config: "telemetry: {}" },
        { name: "telemetry off", version, does: "records nothing", config: "telemetry: { enabled: false }" },
      ],
    },
    samples: [...on.map(sample(us)), ...off.map(sample("telemetry off"))],
  };
}

const many = 100;
const few = 25;
const idleBudgetPercent = 2;

/** 100 services: start and memory beside four times what a quarter of them needs, idle CPU beside 2 % of a core. Once. */
export async function measureServicesPart(): Promise<Measured> {
  const small = await measureServices(few, { settleSeconds: 1, seconds: 1 });
  const large = await measureServices(many, { settleSeconds: 60, seconds: 30 });
  const idlePercent = large.idle.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
  const linear = `${few} services, × ${many / few}`;
  const limit = `${idleBudgetPercent} % of a core`;
  const version = microcosmVersion();
  const config = "trivial services: bench/services/topology.ts";
  const sample = (side: string, figures: Sample["figures"]) => ({
    part: "services",
    side,
    round: 0,
    figures,
  });
  const times = (value: number) => (value * many) / few;
  return {
    facts: {
      name: "services",
      title: "A hundred services",
      load: "no request; idle CPU over 30 s, from a minute after ready on",
      sides: [
        { name: us, version, does: `${many} services`, config },
        { name: linear, version, does: "what linear growth from there would be", config },
        { name: limit, version, does: "the budget", config: "" },
      ],
    },
    samples: [
      sample(us, { startMs: large.readyMs, startCpuMs: large.startCpuMs, pssMiB: large.pssMiB, idlePercent }),
      sample(linear, {
        startMs: times(small.readyMs),
        startCpuMs: times(small.startCpuMs),
        pssMiB: times(small.pssMiB),
      }),
      sample(limit, { idlePercent: idleBudgetPercent }),
    ],
  };
}
