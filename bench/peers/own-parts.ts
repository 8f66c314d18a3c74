import { benchBoot } from "../boot/run.ts";
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
