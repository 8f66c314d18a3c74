/** A report as a run makes it, for tests. */
import type { Measured, Sample } from "./part.ts";
import { makePeersReport, type PeersReport } from "./report.ts";

export interface FixtureOptions {
  /** Requests a second of Microcosm and of nginx, a pair for each round. */
  readonly rates?: readonly (readonly [ours: number, nginx: number])[];
  readonly nginxVersion?: string;
  readonly load?: string;
}

export function fixtureReport(options: FixtureOptions = {}): PeersReport {
  const {
    rates = [
      [300, 200],
      [330, 200],
      [310, 200],
    ],
    nginxVersion = "1.22.1",
    load = "wrk",
  } = options;
  const side = (name: string, version: string | null) => ({
    name,
    version,
    does: "answers",
    config: "a < b",
  });
  const sample = (name: string, round: number, perSecond: number): Sample => ({
    part: "gateway",
    side: name,
    round,
    figures: { perSecond, p99Ms: 1000 / perSecond },
  });
  const measured: Measured = {
    facts: {
      name: "gateway",
      title: "Gateway path",
      load,
      sides: [side("Microcosm", "0.1.0"), side("nginx", nginxVersion), side("HAProxy", null)],
    },
    samples: rates.flatMap(([ours, nginx], round) => [
      sample("Microcosm", round, ours),
      sample("nginx", round, nginx),
    ]),
  };
  return makePeersReport(
    {
      name: "peers",
      startedAt: "2026-01-02T03:04:05.000Z",
      command: "bun run bench peers",
      environment: {
        bun: "1.4.5",
        system: "Linux",
        cpu: "a CPU",
        cores: 2,
        memoryBytes: 2 ** 32,
        busyBefore: 0.1,
      },
    },
    [measured],
  );
}
