import { counted, percent } from "../report/figures.ts";
import {
  environmentHtml,
  htmlPage,
  incompleteHtml,
  tableHtml,
  verdictHtml,
  shownTime,
} from "../report/page.ts";
import { columns } from "../report/terminal.ts";
import type { BoundOutcome } from "./judge.ts";
import type { CheckReport } from "./run.ts";

const head = ["check", "figure", "bound", "was", "95 % interval", "verdict"] as const;
/** How far `--record` leaves room around what was measured. */
const slack = 1.25;

function cells({ check, key, bound, found, verdict }: BoundOutcome): string[] {
  const text = (value: number) =>
    Number.isNaN(value) ? "–" : key === "failedShare" ? percent(value) : `${Number(value.toPrecision(3))} ×`;
  const limit = bound.atLeast === undefined ? `≤ ${text(bound.atMost!)}` : `≥ ${text(bound.atLeast)}`;
  return [check, key, limit, text(found.mean), `${text(found.low)} to ${text(found.high)}`, verdict];
}

const explained =
  "Ratios to a bare Bun.serve under the same load in the same round; failedShare is the share itself. A regression is an interval that lies beyond its bound with all of it; unsure is one that only reaches over it.";

export function checkText({ outcomes, incomplete }: CheckReport): string {
  const error = incomplete === undefined ? "" : `error: not all was measured: ${incomplete}\n`;
  return `${columns([head, ...outcomes.map(cells)])}\n\n${explained}\n${error}`;
}

export function checkHtml(report: CheckReport): string {
  const regressions = report.outcomes.filter(({ verdict }) => verdict === "regression");
  return htmlPage({
    title: `check: ${report.file}`,
    heading: "Bounds",
    sub: `${report.file} · ${counted(report.thresholds.rounds, "round")} of ${report.thresholds.seconds} s · ${shownTime(report.startedAt)}`,
    raw: report,
    body: [
      incompleteHtml(report),
      ...(regressions.length === 0
        ? [verdictHtml(report.incomplete === undefined ? "good" : "told", "No regression.")]
        : regressions.map((outcome) => verdictHtml("error", cells(outcome).join(" · ")))),
      tableHtml("Each bound", head, report.outcomes.map(cells), explained),
      environmentHtml(report, [["seed", String(report.thresholds.seed)]]),
    ].join("\n"),
  });
}

/** What was measured as bounds to paste, with room around it. */
export function recordText({ outcomes }: CheckReport): string {
  const lines: string[] = [];
  let check: string | undefined;
  for (const { check: name, key, bound, found } of outcomes) {
    if (name !== check) lines.push(`# ${name}`, "bounds:");
    check = name;
    const value =
      bound.atLeast === undefined
        ? `atMost: ${rounded(found.high * slack)}`
        : `atLeast: ${rounded(found.low / slack)}`;
    lines.push(key === "failedShare" ? `  ${key}: { atMost: ${bound.atMost} }` : `  ${key}: { ${value} }`);
  }
  return `${lines.join("\n")}\n`;
}

const rounded = (value: number) => Number(value.toPrecision(2));
