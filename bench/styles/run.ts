import { join } from "node:path";
import { seededRandom } from "../../runtime/clock.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import { untilEnded } from "../interruption.ts";
import { makePlan, type PlanOptions } from "../load/plan.ts";
import { failedShare, type LoadResult } from "../load/result.ts";
import { type RunHooks, runLoad } from "../load/run.ts";
import {
  compare,
  completeRounds,
  type ComparedTable,
  type ComparisonReport,
  type Measure,
  orderOf,
  type RoundValues,
  warningsOf,
} from "../paired/comparison.ts";
import { pairedRatio } from "../paired/interval.ts";
import { findingsOf, intervalText } from "../paired/words.ts";
import { counted } from "../report/figures.ts";
import type { ReportFrame } from "../report/page.ts";
import { type BootedRun, bootRun } from "../topology/boot.ts";
import { CpuWindow } from "../topology/cpu-window.ts";
import { type Shape, type Style, styles } from "./work.ts";

export interface StylesOptions {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  /** Of one measurement. */
  readonly measureMs: number;
  /** Requests a second of the open loop, from which the percentiles are. */
  readonly rate: number;
  /** Of the closed loop. */
  readonly clients: number;
  readonly seed: number;
}

const names: Readonly<Record<Style, string>> = {
  mesh: "mesh frames",
  http: "HTTP/JSON over TCP",
  events: "event and reply",
};
const titles: Readonly<Record<Shape, string>> = {
  one: "One call",
  chain: "Five calls in a chain",
  parallel: "Five calls at once",
};
const contenders = styles.map((style) => names[style]);
const warmupMs = 500;
const maxFailedShare = 0.01;

export interface StylesMeasured {
  readonly rounds: readonly RoundValues[];
  readonly warnings: readonly string[];
  /** What ended it before all rounds were measured. */
  readonly incomplete?: string;
}

/**
 * One run with all three styles in it, which take the load in turns, the order reversed every other round: what else the
 * machine does falls on all of them. What ends it early is told with the rounds until then.
 */
export async function measureStyles(
  options: StylesOptions,
  told: (line: string) => void,
): Promise<StylesMeasured> {
  const rounds: RoundValues[] = [];
  const warnings = new Set<string>();
  const incomplete = await untilEnded(async (signal) => {
    const run = await bootRun({ topology: join(import.meta.dir, "topology.yaml") });
    try {
      const subject = { run, options, signal };
      for (const style of styles) for (const shape of options.shapes) await warmUp(subject, style, shape);
      for (let round = 0; round < options.rounds; round++) {
        for (const style of orderOf(styles, round)) {
          const values: Record<string, number> = {};
          for (const shape of orderOf(options.shapes, round)) {
            const found = await measure(subject, style, shape, options.seed + round);
            for (const [key, value] of Object.entries(found)) values[`${shape}.${key}`] = value;
            if (found.failedShare > maxFailedShare) {
              warnings.add(
                `${names[style]}, ${titles[shape].toLowerCase()}: over 1 % of the requests failed`,
              );
            }
          }
          rounds.push({ round, contender: names[style], values });
        }
        told(`round ${round + 1} of ${options.rounds} measured`);
      }
    } finally {
      await run.stop();
    }
  });
  const found = { rounds, warnings: [...warnings] };
  return incomplete === undefined ? found : { ...found, incomplete };
}

interface Subject {
  readonly run: BootedRun;
  readonly options: StylesOptions;
  readonly signal: AbortSignal;
}

const urlOf = ({ run }: Subject, style: Style, shape: Shape) => `${run.gateway}/${style}/${shape}`;

/** Rejects when it was interrupted. */
async function load(
  { signal }: Subject,
  plan: Omit<PlanOptions, "warmup">,
  hooks: RunHooks = {},
): Promise<LoadResult> {
  signal.throwIfAborted();
  const found = await runLoad(makePlan({ ...plan, warmup: warmupMs }), { ...hooks, signal });
  signal.throwIfAborted();
  return found;
}

async function warmUp(subject: Subject, style: Style, shape: Shape): Promise<void> {
  subject.signal.throwIfAborted();
  const loop = { kind: "closed", clients: 8, thinkMs: 0 } as const;
  await runLoad(makePlan({ url: urlOf(subject, style, shape), loop, durationMs: warmupMs, warmup: 0 }));
}

async function measure(subject: Subject, style: Style, shape: Shape, seed: number) {
  const { measureMs: durationMs, rate, clients } = subject.options;
  const plan = { url: urlOf(subject, style, shape), durationMs, seed };
  const open = await load(subject, { ...plan, loop: { kind: "open", arrivals: { kind: "poisson", rate } } });
  const cpu = new CpuWindow([subject.run.pid]);
  const closed = await load(subject, { ...plan, loop: { kind: "closed", clients, thinkMs: 0 } }, cpu.hooks);
  const latencies = LatencyHistogram.decode(open.total.corrected);
  return {
    p50Ms: latencies.percentileMs(50),
    p99Ms: latencies.percentileMs(99),
    perSecond: closed.perSecond,
    cpuMs: cpu.msPerAnswer(closed),
    failedShare: Math.max(failedShare(open.total), failedShare(closed.total)),
  };
}

const measuresOf = (shape: Shape): Measure[] => [
  { key: `${shape}.p50Ms`, label: "p50", unit: "ms", better: "less" },
  { key: `${shape}.p99Ms`, label: "p99", unit: "ms", better: "less" },
  { key: `${shape}.perSecond`, label: "throughput", unit: "perSecond", better: "more" },
  { key: `${shape}.cpuMs`, label: "CPU of a request", unit: "ms", better: "less" },
];

export function stylesReport(
  frame: ReportFrame,
  options: StylesOptions,
  { rounds, warnings, incomplete }: StylesMeasured,
): ComparisonReport {
  const sections = options.shapes.map((shape) => ({
    title: titles[shape],
    note: `Percentiles, from the intended start, at ${options.rate} requests a second, Poisson; throughput and CPU (all processes of the run) of ${options.clients} clients in a closed loop. Through the gateway, which costs all three the same.`,
    rows: compare(measuresOf(shape), rounds, contenders),
  }));
  const findings = sections.flatMap(({ title, rows }) =>
    rows.flatMap(findingsOf).map(({ whose, text }) => ({ whose, text: `${title.toLowerCase()}, ${text}` })),
  );
  return {
    ...frame,
    ...{ format: "microcosm-comparison-report", version: 1, heading: "Ways to ask another service" },
    sub: `${contenders.join(", ")}; ${counted(options.rounds, "round")} in turns`,
    ...{
      contenders,
      sections,
      tables: [fiveAgainstOne(options, rounds)],
      findings,
      warnings: [...warningsOf(completeRounds(rounds, contenders), frame.environment), ...warnings],
      seed: options.seed,
      rounds,
    },
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/** What five calls cost against one, in each style; of shapes that were measured in the same rounds. */
function fiveAgainstOne({ shapes, seed }: StylesOptions, rounds: readonly RoundValues[]): ComparedTable {
  const random = seededRandom(seed);
  const others = shapes.filter((shape) => shape !== "one");
  const rows =
    shapes.includes("one") && others.length > 0
      ? contenders.flatMap((contender) => {
          const own = rounds.filter((round) => round.contender === contender);
          return others.map((shape) => {
            const cell = (figure: string) => {
              const pairs = own.map(
                ({ values }) => [values[`one.${figure}`]!, values[`${shape}.${figure}`]!] as const,
              );
              return intervalText(pairedRatio(pairs, random));
            };
            return [
              `${contender}, ${titles[shape].toLowerCase()}`,
              cell("p50Ms"),
              cell("p99Ms"),
              cell("perSecond"),
              cell("cpuMs"),
            ];
          });
        })
      : [];
  return {
    title: "Five calls against one",
    note: "Times as much as one call of the same style in the same rounds, with the 95 % interval.",
    head: ["", "p50", "p99", "throughput", "CPU of a request"],
    rows,
  };
}
