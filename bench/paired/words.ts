import { latency, rate } from "../report/figures.ts";
import type { Interval } from "./interval.ts";
import type { ComparedCell, ComparedRow, Finding, Measure, Unit } from "./comparison.ts";

export function valueText(unit: Unit, value: number): string {
  if (Number.isNaN(value)) return "–";
  switch (unit) {
    case "perSecond":
      return `${rate(value)}/s`;
    case "ms":
      return latency(value);
    case "bytes":
      return `${Number((value / 2 ** 20).toPrecision(3))} MiB`;
    case "times":
      return `${value.toFixed(2)} ×`;
    case "count":
      return rate(value);
  }
}

/** `2.04 × (1.81–2.30)`, or of a difference `+18 (+17 to +19)`. */
export function againstText({ unit, by }: Pick<Measure, "unit" | "by">, { against }: ComparedCell): string {
  if (against === undefined || Number.isNaN(against.mean)) return "–";
  const { mean, low, high } = against;
  if (by === "difference") {
    const signed = (value: number) => `${value < 0 ? "−" : "+"}${valueText(unit, Math.abs(value))}`;
    return `${signed(mean)}${Number.isNaN(low) ? "" : ` (${signed(low)} to ${signed(high)})`}`;
  }
  return intervalText(against);
}

/** `2.04 × (1.81–2.30)`, `–` when there is none. */
export function intervalText({ mean, low, high }: Interval): string {
  if (Number.isNaN(mean)) return "–";
  const digits = (value: number) => (value >= 10 ? value.toFixed(1) : value.toFixed(2));
  return `${digits(mean)} ×${Number.isNaN(low) ? "" : ` (${digits(low)}–${digits(high)})`}`;
}

/** Who is ahead in a row, in one sentence, against the first contender. */
export function findingsOf(row: ComparedRow): Finding[] {
  const [first, ...others] = row.cells;
  if (first === undefined) return [];
  return others.map((cell) => {
    const [own, theirs] = [first, cell].map(({ spread }) => valueText(row.unit, spread.median));
    const figures = `${own} for ${first.contender}, ${theirs} for ${cell.contender}, ${againstText(row, cell)}`;
    const verdict = cell.against?.verdict ?? "same";
    const whose = verdict === "same" ? "nobody" : verdict === "better" ? cell.contender : first.contender;
    return { whose, text: `${row.label}: ${figures}` };
  });
}
