import { arrivalsText, wordsOf } from "../load/describe.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import { sparkline } from "./progress.ts";
import { failures, type LoadResult, shownSeconds } from "../load/result.ts";
import type { DiffRow } from "./diff.ts";
import type { TargetReport } from "../topology/watch.ts";
import { edgeCells, edgeHead } from "./edges.ts";
import { levelHead, levelRows } from "./levels.ts";
import { latency, percent, percentileName, shownPercentiles, whole } from "./figures.ts";

/** A terminal shows the busiest; the report has all. */
const maxEdges = 12;

const row = (cells: readonly string[], widths: readonly number[]) =>
  cells
    .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    .join("  ")
    .trimEnd();

/** The first column to the left, the others to the right, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((cells) => (cells[i] ?? "").length)));
  return rows.map((cells) => row(cells, widths)).join("\n");
}

/** What a run came to, for a terminal. */
export function summaryText(load: LoadResult): string {
  const corrected = LatencyHistogram.decode(load.total.corrected);
  const uncorrected = LatencyHistogram.decode(load.total.uncorrected);
  const statuses = Object.entries(load.total.statuses).map(([status, times]) => `${status}: ${whole(times)}`);
  const noAnswer = Object.entries(load.total.failed).filter(([, times]) => times > 0);
  const words = wordsOf(load.plan);
  const parts = [
    `${load.plan.url}, ${arrivalsText(load.plan)}`,
    `${(load.warmup.ms / 1000).toFixed(1)} s warm-up${load.warmup.ms > 0 && load.warmup.settled ? ", settled" : ""}; ${(load.measuredMs / 1000).toFixed(1)} s measured`,
    "",
    `${words.replies.padEnd(12)} ${whole(load.total.replied)}, ${whole(load.perSecond)} a second   ${sparkline(
      shownSeconds(load)
        .map((second) => second.replied)
        .slice(0, 60),
    )}`,
    ...(words.hasStatus ? [`statuses     ${statuses.join("  ") || "none"}`] : []),
    `${words.none.padEnd(12)} ${failures(load.total) === 0 ? "none" : noAnswer.map(([kind, times]) => `${kind}: ${whole(times)}`).join("  ")}`,
    "",
    columns([
      ["latency", ...shownPercentiles.map(percentileName)],
      ["corrected", ...shownPercentiles.map((p) => latency(corrected.percentileMs(p)))],
      ["uncorrected", ...shownPercentiles.map((p) => latency(uncorrected.percentileMs(p)))],
    ]),
  ];
  const levels = levelRows(load);
  if (levels.length > 0) parts.push("", columns([levelHead(load), ...levels]));
  if (load.steps.length > 1) parts.push("", stepsText(load));
  if (load.checks.length > 0) {
    parts.push(
      "",
      ...load.checks.map(
        (check) =>
          `${check.failed === 0 ? "held  " : "BROKEN"}  ${check.name}: ${whole(check.passed)} of ${whole(check.passed + check.failed)}`,
      ),
    );
  }
  parts.push("", ...generatorText(load));
  for (const { severity, message } of load.problems) parts.push(`${severity}: ${message}`);
  return `${parts.join("\n")}\n`;
}

function stepsText(load: LoadResult): string {
  const words = wordsOf(load.plan);
  const bad = (count: string) => (words.hasStatus ? [count] : []);
  // An acknowledgement and a delivery are both of them.
  const replies = words.hasStatus ? words.replies : "times";
  const head = [words.request, replies, ...bad("bad"), words.none, "p50", "p99", "max"];
  const rows = load.steps.map((step) => {
    const histogram = LatencyHistogram.decode(step.corrected);
    const latencies = [50, 99, 100].map((percentile) => latency(histogram.percentileMs(percentile)));
    return [step.name, whole(step.replied), ...bad(whole(step.bad)), whole(failures(step)), ...latencies];
  });
  return columns([head, ...rows]);
}

function generatorText(load: LoadResult): string[] {
  return load.generators.map((health, i) => {
    const name = load.generators.length === 1 ? "generator   " : `generator ${i + 1} `;
    const late =
      load.plan.loop.kind === "closed"
        ? ""
        : `${percent(health.due === 0 ? 0 : health.late / health.due)} of sends over ${load.plan.lateMs} ms late (p99 ${latency(health.lateP99Ms)}), `;
    const waited =
      health.waitedShare === undefined ? "" : `, waited ${percent(health.waitedShare)} of the time for one`;
    return `${name} ${late}busy ${percent(health.busyShare)} of a core${waited}`;
  });
}

/** What the run says of itself: its busiest edges, and what limits it. */
export function targetText(target: TargetReport | undefined): string {
  if (target === undefined) return "";
  const { figures, bottleneck } = target;
  const rows = figures.edges.slice(0, maxEdges).map((edge) => edgeCells(edge));
  const parts = [`\nfrom the inside (run ${figures.name}, mode ${figures.mode})`];
  if (rows.length > 0) parts.push(columns([edgeHead, ...rows]));
  if (figures.edges.length > maxEdges) {
    parts.push(`and ${figures.edges.length - maxEdges} more edges in the report`);
  }
  if (bottleneck !== undefined)
    parts.push("", `would give first: ${bottleneck.service}; ${bottleneck.reason}`);
  return `${parts.join("\n")}\n`;
}

export function filesText(files: { readonly html: string; readonly json: string }): string {
  return `report       ${files.html}\n             ${files.json}\n`;
}

const names: Readonly<Record<DiffRow["metric"], string>> = {
  perSecond: "answers a second",
  failedShare: "failed",
  p50Ms: "p50",
  p90Ms: "p90",
  p99Ms: "p99",
  p999Ms: "p99.9",
};

export function diffText(rows: readonly DiffRow[]): string {
  const format = (metric: DiffRow["metric"], value: number) =>
    metric === "perSecond" ? whole(value) : metric === "failedShare" ? percent(value) : latency(value);
  const signed = (metric: DiffRow["metric"], value: number) =>
    `${value < 0 ? "−" : "+"}${format(metric, Math.abs(value))}`;
  return `${columns([
    ["", "first", "second", "difference", "95 % interval", "verdict"],
    ...rows.map(({ metric, first, second, difference, low, high, verdict }) => [
      names[metric],
      format(metric, first),
      format(metric, second),
      signed(metric, difference),
      `${signed(metric, low)} to ${signed(metric, high)}`,
      verdict,
    ]),
  ])}\n`;
}
