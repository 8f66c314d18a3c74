import { seededRandom } from "../../runtime/clock.ts";
import { type Spread, spread } from "../measure.ts";
import { type Interval, minPairs, pairedRatio } from "../paired/interval.ts";
import type { Sample } from "./part.ts";

/** One line of the table: a figure of Microcosm over the same figure of a peer, round by round. */
interface Comparison {
  readonly part: string;
  readonly what: string;
  readonly figure: string;
  readonly ours: string;
  readonly peer: string;
  /** The design's; without one the line is there to be looked at. */
  readonly budget?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface BudgetRow extends Comparison {
  readonly oursSpread: Spread;
  readonly peerSpread: Spread;
  readonly ratio: Spread;
  /** 95 %, of the mean ratio; of four rounds and more. */
  readonly interval?: Pick<Interval, "low" | "high">;
  readonly rounds: number;
  /** By the median; `inEveryRound` says whether a single round may be quoted against it. */
  readonly reached?: boolean;
  readonly inEveryRound?: boolean;
}

const mc = "Microcosm";

const httpPeer = (peer: string): Comparison[] => [
  { part: "gateway", what: "gateway path, requests a second", figure: "perSecond", ours: mc, peer },
  { part: "gateway", what: "gateway path, p99", figure: "p99Ms", ours: mc, peer },
  { part: "gateway", what: "gateway path, CPU a request", figure: "cpuMicros", ours: mc, peer },
];
const publishes = (peer: string, atLeast?: number): Comparison => ({
  part: "durable",
  what: "durable publish, acknowledged a second",
  figure: "perSecond",
  ours: mc,
  peer,
  ...(atLeast === undefined ? {} : { budget: { atLeast } }),
});
const deliveries = (peer: string, atLeast?: number): Comparison => ({
  part: "memory",
  what: "publish → subscriber in memory, events a second",
  figure: "perSecond",
  ours: mc,
  peer,
  ...(atLeast === undefined ? {} : { budget: { atLeast } }),
});

const quarter = "25 services, × 4";
/** Linear growth has a ratio of 1 at the most; the rest is noise. */
const linear = { atMost: 1.15 };
const hundred = (what: string, figure: string): Comparison => ({
  part: "services",
  what: `100 services, ${what}`,
  figure,
  ours: mc,
  peer: quarter,
  budget: linear,
});

const telemetry = (what: string, figure: string, budget?: Comparison["budget"]): Comparison => ({
  part: "telemetry",
  what: `telemetry on, ${what}`,
  figure,
  ours: mc,
  peer: "telemetry off",
  ...(budget === undefined ? {} : { budget }),
});
/** Beside its budget: at most what is allowed. */
const page = (what: string, figure: string): Comparison => ({
  part: "dashboard",
  what,
  figure,
  ours: mc,
  peer: "the budget",
  budget: { atMost: 1 },
});

/** The budgets of the design, and what else is worth a line. */
const comparisons: readonly Comparison[] = [
  { ...httpPeer("nginx")[0]!, budget: { atLeast: 1.5 } },
  { ...httpPeer("nginx")[1]!, budget: { atMost: 1 } },
  httpPeer("nginx")[2]!,
  ...httpPeer("HAProxy"),
  ...httpPeer("Moleculer"),
  publishes("NATS, its client", 2),
  publishes("NATS, bare client", 2),
  publishes("Redis streams, appendfsync always"),
  publishes("Redis streams, appendfsync everysec"),
  publishes("RabbitMQ"),
  deliveries("NATS, its client", 1),
  deliveries("NATS, bare client", 1),
  deliveries("Redis streams, as it comes"),
  deliveries("RabbitMQ"),
  {
    part: "boot",
    what: "`up` to the first 200",
    figure: "startMs",
    ours: mc,
    peer: "bare Bun workers",
    budget: { atMost: 1.5 },
  },
  {
    part: "boot",
    what: "memory of a service (PSS)",
    figure: "pssMiB",
    ours: mc,
    peer: "bare Bun workers",
    budget: { atMost: 1.3 },
  },
  telemetry("requests a second", "perSecond", { atLeast: 0.95 }),
  telemetry("p99", "p99Ms", { atMost: 1.1 }),
  telemetry("CPU a request", "cpuMicros"),
  telemetry("CPU a request with the observer's", "allCpuMicros"),
  page("dashboard, first paint", "firstPaintMs"),
  page("dashboard, scripts and styles, gzipped", "assetsKiB"),
  page("dashboard, frames of the map, p95", "frameP95Ms"),
  page("dashboard, a trace of 10,000 spans opens", "openingMs"),
  hundred("start", "startMs"),
  hundred("CPU of the start", "startCpuMs"),
  hundred("memory (PSS)", "pssMiB"),
  {
    part: "services",
    what: "100 services, idle CPU of the whole tree",
    figure: "idlePercent",
    ours: mc,
    peer: "2 % of a core",
    budget: { atMost: 1 },
  },
];

/** Pairs what was measured in the same round. A comparison with nothing to compare has no row. */
export function budgetRows(samples: readonly Sample[]): BudgetRow[] {
  return comparisons.flatMap((comparison) => {
    const figures = (side: string) =>
      new Map(
        samples
          .filter((sample) => sample.part === comparison.part && sample.side === side)
          .map(({ round, figures: found }) => [round, found[comparison.figure]] as const),
      );
    const [ours, theirs] = [figures(comparison.ours), figures(comparison.peer)];
    const pairs: [number, number][] = [];
    for (const [round, own] of ours) {
      const other = theirs.get(round);
      if (own !== undefined && other !== undefined) pairs.push([own, other]);
    }
    return pairs.length === 0 ? [] : [rowOf(comparison, pairs)];
  });
}

function rowOf(comparison: Comparison, pairs: readonly (readonly [number, number])[]): BudgetRow {
  const ratios = pairs.map(([own, other]) => own / other);
  const ratio = spread(ratios);
  const row = {
    ...comparison,
    oursSpread: spread(pairs.map(([own]) => own)),
    peerSpread: spread(pairs.map(([, other]) => other)),
    ratio,
    rounds: pairs.length,
    ...(pairs.length < minPairs ? {} : { interval: intervalOf(pairs) }),
  };
  const { budget } = comparison;
  if (budget === undefined) return row;
  const holds = (value: number) => ("atLeast" in budget ? value >= budget.atLeast : value <= budget.atMost);
  return { ...row, reached: holds(ratio.median), inEveryRound: ratios.every(holds) };
}

function intervalOf(
  pairs: readonly (readonly [own: number, other: number])[],
): Pick<Interval, "low" | "high"> {
  // The same draws each time: a report says the same whenever it is printed.
  const { low, high } = pairedRatio(
    pairs.map(([own, other]) => [other, own]),
    seededRandom(1),
  );
  return { low, high };
}
