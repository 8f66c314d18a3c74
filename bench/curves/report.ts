import type { ReportFrame } from "../report/page.ts";
import type { MeasuredCurve } from "./curve.ts";

const format = "microcosm-curves-report";
const version = 1;

export interface CurvesReport extends ReportFrame {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly curves: readonly MeasuredCurve[];
}

/** Curves without a point are left out. */
export function curvesReport(
  frame: ReportFrame,
  curves: readonly MeasuredCurve[],
  incomplete?: string,
): CurvesReport {
  const measured = curves.filter(({ points, notes }) => points.length + notes.length > 0);
  return {
    ...{ ...frame, format, version, curves: measured },
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}
