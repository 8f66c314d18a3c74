import { spread } from "../measure.ts";
import {
  environmentHtml,
  htmlPage,
  incompleteHtml,
  tableHtml,
  verdictHtml,
  shownTime,
} from "../report/page.ts";
import { escapeHtml } from "../report/svg.ts";
import { barsSvg } from "./bars.ts";
import { budgetRows } from "./budgets.ts";
import { figureNames, writeBudget, writeFigure, writeInterval, writeRatio, writeVerdict } from "./figures.ts";
import type { PartFacts, Sample } from "./part.ts";
import type { PeersReport } from "./report.ts";
import { missingSides, versionOfSide } from "./text.ts";

/** One file that needs nothing else: the table of the budgets, each part, and how every side was configured. */
export function peersHtml(report: PeersReport): string {
  const missing = missingSides(report);
  return htmlPage({
    title: "Microcosm beside its peers",
    heading: "Microcosm beside its peers",
    sub: `${report.environment.cpu}, ${report.environment.cores} cores · ${shownTime(report.startedAt)}`,
    raw: report,
    body: [
      incompleteHtml(report),
      missing.length === 0
        ? ""
        : verdictHtml("warning", `not installed, not measured: ${missing.join("; ")}`),
      budgetTable(report),
      ...report.parts.map((part) => partHtml(part, report.samples)),
      environmentHtml(report),
    ].join("\n"),
  });
}

function budgetTable(report: PeersReport): string {
  const rows = budgetRows(report.samples).map((row) => [
    row.what,
    writeFigure(row.figure, row.oursSpread.median),
    `${row.peer} ${versionOfSide(report, row)}`.trim(),
    writeFigure(row.figure, row.peerSpread.median),
    writeRatio(row.ratio),
    writeInterval(row),
    writeBudget(row),
    writeVerdict(row),
  ]);
  return tableHtml(
    "Budgets",
    ["what", "Microcosm", "peer", "peer's", "ratio", "95 %", "budget", ""],
    rows,
    "Medians. The ratio is Microcosm's figure over the peer's in the same round, median and range, and from four rounds on a 95 % interval of its mean. All processes and the load generator share the machine's cores.",
  );
}

function partHtml(part: PartFacts, all: readonly Sample[]): string {
  const samples = all.filter((sample) => sample.part === part.name);
  const figures = Object.keys(figureNames).filter((name) =>
    samples.some((s) => s.figures[name] !== undefined),
  );
  const values = (side: string, figure: string) =>
    samples.filter((s) => s.side === side).flatMap((s) => s.figures[figure] ?? []);
  const measured = part.sides.filter(({ name }) => samples.some(({ side }) => side === name));
  const rows = measured.map(({ name }) => [
    name,
    ...figures.map((figure) => {
      const found = values(name, figure);
      if (found.length === 0) return "–";
      const { median, min, max } = spread(found);
      return `${writeFigure(figure, median)} (${writeFigure(figure, min)} to ${writeFigure(figure, max)})`;
    }),
  ]);
  const main = figures[0];
  const bars =
    main === undefined
      ? ""
      : barsSvg(
          `${part.title}: ${figureNames[main]!.name}`,
          // A side may be measured by other figures only.
          measured.flatMap(({ name }) => {
            const found = values(name, main);
            if (found.length === 0) return [];
            const { median, min, max } = spread(found);
            return [{ label: name, value: median, min, max, text: writeFigure(main, median) }];
          }),
        );
  return `<section><h2>${escapeHtml(part.title)}</h2>
<p class="note">${escapeHtml(part.load)}</p>
${bars}
${tableHtml("", ["", ...figures.map((name) => figureNames[name]!.name)], rows, "Median and range of the rounds.")}
${part.sides.map(sideHtml).join("\n")}</section>`;
}

function sideHtml({ name, version, does, config }: PartFacts["sides"][number]): string {
  return `<details class="side"><summary>${escapeHtml(`${name} ${version ?? "(not installed)"}`)}</summary>
<p class="note">${escapeHtml(does)}</p><pre>${escapeHtml(config.trim())}</pre></details>`;
}
