/** How a figure of a part is called and written. */
import type { Spread } from "../measure.ts";
import { whole } from "../report/figures.ts";
import type { BudgetRow } from "./budgets.ts";

interface FigureName {
  readonly name: string;
  readonly write: (value: number) => string;
}

const digits = (unit: string) => (value: number) => `${Number(value.toPrecision(3))} ${unit}`;

/** In the order of the columns. */
export const figureNames: Readonly<Record<string, FigureName>> = {
  perSecond: { name: "a second", write: whole },
  p50Ms: { name: "p50", write: digits("ms") },
  p99Ms: { name: "p99", write: digits("ms") },
  cpuMicros: { name: "CPU each", write: digits("µs") },
  pssMiB: { name: "memory (PSS)", write: digits("MiB") },
  startCpuMs: { name: "CPU of the start", write: (value) => `${whole(value)} ms` },
  idlePercent: { name: "idle CPU", write: digits("%") },
  startMs: { name: "start", write: (value) => `${Math.round(value)} ms` },
};

export function writeFigure(figure: string, value: number): string {
  return (figureNames[figure]?.write ?? String)(value);
}

/** `1.62 (1.55–1.70)`; more digits where all are small. */
export function writeRatio({ median, min, max }: Spread): string {
  const places = max < 1 ? 3 : 2;
  return `${median.toFixed(places)} (${min.toFixed(places)}–${max.toFixed(places)})`;
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
