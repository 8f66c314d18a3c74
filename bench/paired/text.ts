import { columns } from "../report/terminal.ts";
import type { ComparedCell, ComparedRow, ComparisonReport } from "./comparison.ts";
import { minPairs } from "./interval.ts";
import { againstText, valueText } from "./words.ts";

export function comparedHead(contenders: readonly string[]): string[] {
  const [first, ...others] = contenders;
  return ["", first!, ...others.flatMap((name) => [name, `against ${first} (95 %)`, "verdict"])];
}

export function comparedCells(row: ComparedRow, contenders: readonly string[]): string[] {
  const cell = (name: string) => row.cells.find(({ contender }) => contender === name);
  const text = (name: string) => valueText(row.unit, cell(name)?.spread.median ?? Number.NaN);
  const [first, ...others] = contenders;
  return [
    row.label,
    text(first!),
    ...others.flatMap((name) => {
      const found = cell(name);
      return [text(name), found === undefined ? "–" : againstText(row, found), verdictText(found?.against)];
    }),
  ];
}

function verdictText(against: ComparedCell["against"]): string {
  if (against === undefined) return "–";
  return against.pairs < minPairs ? "too few rounds" : against.verdict;
}

/** What a comparison came to, for a terminal. */
export function comparisonText(report: ComparisonReport): string {
  const { contenders, sections, tables, findings, warnings, incomplete } = report;
  const parts = [report.sub];
  for (const { title, rows } of sections) {
    if (rows.length === 0) continue;
    const cells = rows.map((row) => comparedCells(row, contenders));
    parts.push(`${title}\n${columns([comparedHead(contenders), ...cells])}`);
  }
  for (const { title, head, rows } of tables) {
    if (rows.length > 0) parts.push(`${title}\n${columns([head, ...rows])}`);
  }
  for (const whose of [...contenders, "nobody"]) {
    const own = findings.filter((finding) => finding.whose === whose);
    if (own.length === 0) continue;
    parts.push(`${winText(whose)}\n${own.map(({ text }) => `  ${text}`).join("\n")}`);
  }
  if (incomplete !== undefined) parts.push(`error: not all was measured: ${incomplete}`);
  for (const warning of warnings) parts.push(`warning: ${warning}`);
  return `${parts.join("\n\n")}\n`;
}

export function winText(whose: string): string {
  return whose === "nobody" ? "No difference that these rounds can tell" : `In favor of ${whose}`;
}
