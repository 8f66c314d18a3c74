import {
  environmentHtml,
  htmlPage,
  incompleteHtml,
  tableHtml,
  verdictHtml,
  shownTime,
} from "../report/page.ts";
import { escapeHtml } from "../report/svg.ts";
import type { ComparedSection, ComparisonReport } from "./comparison.ts";
import { ratioChart } from "./ratio-chart.ts";
import { comparedCells, comparedHead, winText } from "./text.ts";

export function comparisonHtml(report: ComparisonReport): string {
  const { heading, sub, startedAt, contenders, findings, warnings } = report;
  const wins = [...contenders, "nobody"].map((whose) => {
    const own = findings.filter((finding) => finding.whose === whose);
    const items = own.map(({ text }) => `<li>${escapeHtml(text)}</li>`).join("\n");
    return own.length === 0
      ? ""
      : `<section><h2>${escapeHtml(winText(whose))}</h2><ul>${items}</ul></section>`;
  });
  return htmlPage({
    title: `${heading}: ${contenders.join(", ")}`,
    heading,
    sub: `${sub} · ${shownTime(startedAt)}`,
    raw: report,
    body: [
      incompleteHtml(report),
      ...(warnings.length === 0 && report.incomplete === undefined
        ? [verdictHtml("good", "Nothing stands against these figures.")]
        : warnings.map((text) => verdictHtml("warning", text))),
      ...wins,
      ...report.sections.map((section) => sectionHtml(section, contenders)),
      ...report.tables.map(({ title, head, rows, note }) => tableHtml(title, head, rows, note)),
      roundsHtml(report),
      environmentHtml(report, [["seed", String(report.seed)]]),
    ].join("\n"),
  });
}

function sectionHtml({ title, note, rows }: ComparedSection, contenders: readonly string[]): string {
  if (rows.length === 0) return "";
  const cells = rows.map((row) => comparedCells(row, contenders));
  return `<section><h2>${escapeHtml(title)}</h2>
${ratioChart(rows, contenders)}
${tableHtml("", comparedHead(contenders), cells, note)}</section>`;
}

function roundsHtml({ rounds }: ComparisonReport): string {
  const keys = [...new Set(rounds.flatMap(({ values }) => Object.keys(values)))];
  const rows = rounds.map(({ round, contender, values }) => [
    `${round + 1}, ${contender}`,
    ...keys.map((key) => (values[key] === undefined ? "–" : String(Number(values[key].toPrecision(4))))),
  ]);
  return `<details><summary>Each round</summary>${tableHtml("", ["round", ...keys], rows)}</details>`;
}
