import { columns } from "../report/terminal.ts";
import { judge, type MeasuredCurve } from "./curve.ts";
import { figureName, writeFigure, writeSize, writeVerdict } from "./figures.ts";

export function figuresOf({ points }: MeasuredCurve): string[] {
  return [...new Set(points.flatMap(({ figures }) => Object.keys(figures)))];
}

/** A curve as a table, a line a size, and a verdict a line below. */
export function curveText(curve: MeasuredCurve): string {
  const figures = figuresOf(curve);
  const head = [curve.xLabel, ...figures.map((figure) => figureName(figure)[0])];
  const rows = curve.points.map(({ x, figures: found }) => [
    writeSize(x),
    ...figures.map((figure) => writeFigure(figure, found[figure])),
  ]);
  const verdicts = curve.expectations.flatMap((expectation) => {
    const verdict = judge(curve.points, expectation);
    return verdict === undefined
      ? []
      : [`  ${figureName(expectation.figure)[0].padEnd(18)} ${writeVerdict(verdict)}`];
  });
  return [
    curve.title,
    "─".repeat(curve.title.length),
    columns([head, ...rows]),
    ...verdicts,
    ...curve.notes,
    "",
  ].join("\n");
}
