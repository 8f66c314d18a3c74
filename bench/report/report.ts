import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { LoadResult } from "../load/result.ts";
import type { Environment } from "./environment.ts";
import { htmlReport } from "./html.ts";

const format = "microcosm-load-report";
const version = 1;

/** One load run with all that is needed to judge it, and to compare it with another later. */
export interface Report {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly name: string;
  readonly startedAt: string;
  /** How to make the same run again. */
  readonly command: string;
  readonly environment: Environment;
  readonly load: LoadResult;
}

export function makeReport(parts: Omit<Report, "format" | "version">): Report {
  return { format, version, ...parts };
}

/** Writes `NAME.html` and `NAME.json` into `directory`, and returns their paths. */
export function writeReport(directory: string, report: Report): { html: string; json: string } {
  mkdirSync(directory, { recursive: true });
  const stem = `${report.name}-${report.startedAt.replace(/[:.]/g, "-")}`;
  const html = join(directory, `${stem}.html`);
  const json = join(directory, `${stem}.json`);
  writeFileSync(html, htmlReport(report));
  writeFileSync(json, `${JSON.stringify(report)}\n`);
  return { html, json };
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
