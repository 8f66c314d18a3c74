import { columns } from "../report/terminal.ts";
import { type BudgetRow, budgetRows } from "./budgets.ts";
import { writeBudget, writeFigure, writeInterval, writeRatio, writeVerdict } from "./figures.ts";
import type { PeersReport } from "./report.ts";

export function missingSides({ parts }: PeersReport): string[] {
  const names = parts.flatMap(({ sides }) =>
    sides.filter(({ version }) => version === null).map(({ name }) => name),
  );
  return [...new Set(names)];
}

export function versionOfSide({ parts }: PeersReport, row: BudgetRow): string {
  const sides = parts.find(({ name }) => name === row.part)?.sides;
  return sides?.find(({ name }) => name === row.peer)?.version ?? "";
}

/** The table of the budgets, for a terminal. */
export function peersText(report: PeersReport): string {
  const rows = budgetRows(report.samples).map((row) => [
    row.what,
    writeFigure(row.figure, row.oursSpread.median),
    `${row.peer} ${versionOfSide(report, row)}`.trim(),
    writeFigure(row.figure, row.peerSpread.median),
    writeRatio(row.ratio),
    writeInterval(row),
    String(row.rounds),
    writeBudget(row),
    writeVerdict(row),
  ]);
  const head = ["what", "Microcosm", "peer", "peer's", "ratio", "95 %", "rounds", "budget", ""];
  const missing = missingSides(report);
  return [
    columns([head, ...rows]),
    "",
    "Median of the rounds; the ratio is Microcosm's figure over the peer's in the same round, with its range, and from four rounds on a 95 % interval of its mean.",
    ...(missing.length === 0
      ? []
      : [
          `Not measured, because not installed: ${missing.join("; ")}. bench/peers/install.sh installs them.`,
        ]),
    "",
  ].join("\n");
}

/** The same as a Markdown table, for a README. */
export function peersMarkdown(report: PeersReport): string {
  const { environment, parts } = report;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = budgetRows(report.samples).map((row) =>
    line([
      row.what,
      writeFigure(row.figure, row.oursSpread.median),
      `${row.peer} ${versionOfSide(report, row)}`.trim(),
      writeFigure(row.figure, row.peerSpread.median),
      writeRatio(row.ratio),
      writeBudget(row),
      writeVerdict(row),
    ]),
  );
  const sides = parts.flatMap(({ title, load, sides: list }) => [
    `- **${title}** (${load}). ${list.map(({ name, does }) => `${name}: ${does}.`).join(" ")}`,
  ]);
  return [
    line(["what", "Microcosm", "peer", "peer's", "ratio", "budget", ""]),
    line(["---", "---:", "---", "---:", "---:", "---", "---"]),
    ...rows,
    "",
    `Median and range of the rounds on ${environment.cpu}, ${environment.cores} cores, which the load generator shares; Bun ${environment.bun}.`,
    "",
    ...sides,
    "",
  ].join("\n");
}
