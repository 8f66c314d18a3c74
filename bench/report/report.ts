import { readFileSync } from "node:fs";
import { z } from "zod";
import type { LoadResult } from "../load/result.ts";
import type { TargetReport } from "../topology/watch.ts";
import { htmlReport } from "./html.ts";
import { type ReportFrame, writeFiles } from "./page.ts";

const format = "microcosm-load-report";
const version = 1;

/** One load run with all that is needed to judge it, and to compare it with another later. */
export interface Report extends ReportFrame {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly load: LoadResult;
  /** From the inside, when the target is a Microcosm run. */
  readonly target?: TargetReport;
}

export function makeReport(parts: Omit<Report, "format" | "version">): Report {
  return { format, version, ...parts };
}

/** Writes the report as HTML and as JSON, and returns their paths. */
export function writeReport(directory: string, report: Report): { html: string; json: string } {
  return writeFiles(directory, report, () => htmlReport(report));
}

const count = z.number();
const step = z.looseObject({
  name: z.string(),
  replied: count,
  bad: count,
  failed: z.record(z.string(), count),
  corrected: z.string(),
  uncorrected: z.string(),
});
const shape = z.looseObject({
  format: z.literal(format),
  version: z.literal(version),
  name: z.string(),
  startedAt: z.string(),
  load: z.looseObject({
    measuredMs: count,
    perSecond: count,
    failedShare: count,
    total: step,
    steps: z.array(step),
    seconds: z.array(z.looseObject({ second: count, replied: count, failed: count, corrected: z.string() })),
  }),
});

/** Reads the JSON of a report, or the one inside its HTML. Throws saying what is wrong with the file. */
export function readReport(file: string): Report {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const embedded = /<script type="application\/json" id="report">([\s\S]*?)<\/script>/.exec(text)?.[1];
  let value: unknown;
  try {
    value = JSON.parse(embedded ?? text);
  } catch (cause) {
    throw new Error(`${file} is not a report: ${(cause as Error).message}`, { cause });
  }
  const checked = shape.safeParse(value);
  if (!checked.success)
    throw new Error(`${file} is not a report of version ${version}: ${z.prettifyError(checked.error)}`);
  return value as Report;
}
