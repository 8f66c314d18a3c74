/** How a figure of a part is called and written. */
import type { Spread } from "../measure.ts";
import { whole } from "../report/figures.ts";
import type { BudgetRow } from "./budgets.ts";

interface FigureName {
  readonly name: string;
  readonly write: (value: number) => string;
}

const digits = (unit: string) => (value: number) => `${Number(value.toPrecision(3))} ${unit}`;
const milliseconds = (value: number) => `${Math.round(value)} ms`;

/** In the order of the columns. */
export const figureNames: Readonly<Record<string, FigureName>> = {
  perSecond: { name: "a second", write: whole },
  p50Ms: { name: "p50", write: digits("ms") },
  p99Ms: { name: "p99", write: digits("ms") },
  cpuMicros: { name: "CPU each", write: digits("µs") },
  allCpuMicros: { name: "with the observer's", write: digits("µs") },
  frameP50Ms: { name: "frames, p50", write: digits("ms") },
  frameP95Ms: { name: "frames, p95", write: digits("ms") },
  frameP99Ms: { name: "frames, p99", write: digits("ms") },
  firstPaintMs: { name: "first paint", write: milliseconds },
  contentfulMs: { name: "first content", write: milliseconds },
  openingMs: { name: "trace opens", write: milliseconds },
  assetsKiB: { name: "scripts, styles", write: digits("KiB") },
  pssMiB: { name: "memory (PSS)", write: digits("MiB") },
  startCpuMs: { name: "CPU of the start", write: (value) => `${whole(value)} ms` },
  idlePercent: { name: "idle CPU", write: digits("%") },
  idleServicesPercent: { name: "services'", write: digits("%") },
  idleSupervisorPercent: { name: "supervisor's", write: digits("%") },
  idleObserverPercent: { name: "observer's", write: digits("%") },
  idleOthersPercent: { name: "gateway's, broker's", write: digits("%") },
  wakeUpsPerSecond: { name: "wake-ups a second", write: whole },
  startMs: { name: "start", write: milliseconds },
};

export function writeFigure(figure: string, value: number): string {
  return (figureNames[figure]?.write ?? String)(value);
}

/** `1.62 (1.55–1.70)`; more digits where all are small. */
export function writeRatio({ median, min, max }: Spread): string {
  const places = max < 1 ? 3 : 2;
  return `${median.toFixed(places)} (${min.toFixed(places)}–${max.toFixed(places)})`;
}

/** `0.93–1.02`; nothing when the rounds are too few for one. */
export function writeInterval({ interval }: BudgetRow): string {
  return interval === undefined ? "" : `${interval.low.toFixed(2)}–${interval.high.toFixed(2)}`;
}

export function writeBudget({ budget }: BudgetRow): string {
  if (budget === undefined) return "";
  return "atLeast" in budget ? `≥ ${budget.atLeast}` : `≤ ${budget.atMost}`;
}

export function writeVerdict({ reached, inEveryRound }: BudgetRow): string {
  if (reached === undefined) return "";
  if (reached) return inEveryRound ? "reached" : "reached, not in every round";
  return "not reached";
}
