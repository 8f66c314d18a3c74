import { commandLine } from "../report/command-line.ts";
import { type Environment, readEnvironment } from "../report/environment.ts";
import { writeFiles } from "../report/page.ts";
import type { MeasuredCurve } from "./curve.ts";
import { curvesHtml } from "./html.ts";

const format = "microcosm-curves-report";
const version = 1;

export interface CurvesReport {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly name: "curves";
  readonly startedAt: string;
  readonly command: string;
  readonly environment: Environment;
  readonly curves: readonly MeasuredCurve[];
}

/** To be called before the first curve: the environment is that of the beginning. */
export function beginCurvesReport(): (curves: readonly MeasuredCurve[]) => CurvesReport {
  const begin = {
    startedAt: new Date().toISOString(),
    command: commandLine(),
    environment: readEnvironment(),
  };
  return (curves) => ({ format, version, name: "curves", ...begin, curves });
}

export function writeCurvesReport(directory: string, report: CurvesReport): { html: string; json: string } {
  return writeFiles(directory, report, () => curvesHtml(report));
}
