import {
  environmentHtml,
  htmlPage,
  incompleteHtml,
  tableHtml,
  verdictHtml,
  shownTime,
} from "../report/page.ts";
import { chartHtml, escapeHtml, type Series } from "../report/svg.ts";
import { judge, type MeasuredCurve, type Verdict } from "./curve.ts";
import { figureName, writeFigure, writeSize, writeVerdict } from "./figures.ts";
import type { CurvesReport } from "./report.ts";
import { figuresOf } from "./text.ts";

/** One file that needs nothing else: a chart and a verdict for each figure of each curve, and the numbers. */
export function curvesHtml(report: CurvesReport): string {
  return htmlPage({
    title: "How cost grows",
    heading: "How cost grows",
    sub: `${report.environment.cpu}, ${report.environment.cores} cores · ${shownTime(report.startedAt)}`,
    raw: report,
    body: [
      incompleteHtml(report),
      `<p class="note">Both axes are logarithmic: a flat line costs the same at any size, and a line that climbs a decade per decade
is linear. The exponent is the slope of the fitted line. The clients share the machine's cores with what they measure.</p>`,
      ...report.curves.map(curveHtml),
      environmentHtml(report),
    ].join("\n"),
  });
}

function curveHtml(curve: MeasuredCurve): string {
  const verdicts = curve.expectations.flatMap((expectation) => judge(curve.points, expectation) ?? []);
  const figures = figuresOf(curve);
  const rows = curve.points.map(({ x, figures: found }) => [
    writeSize(x),
    ...figures.map((figure) => writeFigure(figure, found[figure])),
  ]);
  return `<section><h2>${escapeHtml(curve.title)}</h2>
<p class="note">${escapeHtml(curve.how)}</p>
${verdicts.map(verdictLine).join("\n")}
${curve.notes.map((note) => verdictHtml("warning", note)).join("\n")}
${charts(curve, figures)}
${tableHtml("", [curve.xLabel, ...figures.map((figure) => figureName(figure)[0])], rows)}
</section>`;
}

function verdictLine(verdict: Verdict): string {
  return verdictHtml(
    verdict.held ? "good" : "error",
    `${figureName(verdict.figure)[0]}: ${writeVerdict(verdict)}`,
  );
}

const styles = ["a", "b", "d", "c"] as const;

/** One chart for each unit, so that its lines can be compared. */
function charts(curve: MeasuredCurve, figures: readonly string[]): string {
  const byUnit = Map.groupBy(figures, (figure) => figureName(figure)[1]);
  const sizes = curve.points.map(({ x }) => Math.log10(x));
  const parts: string[] = [];
  for (const [unit, all] of byUnit) {
    for (let from = 0; from < all.length; from += styles.length) {
      const some = all.slice(from, from + styles.length);
      const series = some.map(
        (figure, index): Series => ({
          label: figureName(figure)[0],
          style: styles[index]!,
          points: curve.points.flatMap(({ x, figures: found }) => {
            const value = found[figure];
            return value === undefined ? [] : [[Math.log10(x), value] as const];
          }),
        }),
      );
      parts.push(
        chartHtml({
          title: curve.title,
          yLabel: unit === "" ? "a second" : unit,
          yScale: "log",
          height: 260,
          x: {
            min: Math.min(...sizes),
            max: Math.max(...sizes),
            label: curve.xLabel,
            ticks: curve.points.map(({ x }) => ({ at: Math.log10(x), label: writeSize(x) })),
          },
          series,
        }),
      );
    }
  }
  return parts.join("\n");
}
