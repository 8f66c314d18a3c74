import { formatDuration } from "../../runtime/topology/duration.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import { failures, type LoadResult, shownSeconds } from "../load/result.ts";
import { arrivalsText, wordsOf } from "../load/describe.ts";
import { latency, percent, percentileCurve, percentileName, shownPercentiles, whole } from "./figures.ts";
import { levelHead, levelRows } from "./levels.ts";
import type { Report } from "./report.ts";
import { cardsHtml, environmentHtml, htmlPage, tableHtml, verdictHtml, shownTime } from "./page.ts";
import { type Chart, chartHtml, chartSvg, niceStep, type Tick } from "./svg.ts";
import { targetHtml } from "./target.ts";

/** One file that needs nothing else: style, charts and the raw numbers are inside. */
export function htmlReport(report: Report): string {
  const { load } = report;
  const title = `${report.name}: ${load.plan.url}`;
  const { plan, measuredMs } = load;
  return htmlPage({
    title,
    heading: report.name,
    sub: `${plan.url} · ${arrivalsText(plan)} · ${(measuredMs / 1000).toFixed(1)} s measured · ${shownTime(report.startedAt)}`,
    raw: report,
    body: [
      problems(load),
      cards(load),
      latencySection(load),
      `<section>\n<h2>Over time</h2>\n${timeCharts(load)}\n</section>`,
      levelTable(load),
      stepTable(load),
      checkTable(load),
      targetHtml(report.target),
      generatorTable(load),
      secondsTable(load),
      environmentTable(report),
    ].join("\n"),
  });
}

function latencySection(load: LoadResult): string {
  return `<section>
<h2>Latency</h2>
${chartHtml(percentileChart(load))}
${latencyTable(load)}
<p class="note"><b>Corrected</b> counts from the moment a request was due. <b>Uncorrected</b> counts from the moment it was
sent, as most tools do: a request that could not be sent while the target stood still is not in it, so it hides stalls
(coordinated omission). Where both agree, either can be believed; where they differ, believe the first.</p>
</section>`;
}

function problems(load: LoadResult): string {
  if (load.problems.length === 0) return verdictHtml("good", "Nothing stands against these figures.");
  return load.problems.map(({ severity, message }) => verdictHtml(severity, message)).join("\n");
}

function cards(load: LoadResult): string {
  const corrected = LatencyHistogram.decode(load.total.corrected);
  return cardsHtml([
    [whole(load.perSecond), `${wordsOf(load.plan).replies} a second`],
    [latency(corrected.percentileMs(50)), "median"],
    [latency(corrected.percentileMs(99)), "p99"],
    [latency(corrected.percentileMs(99.9)), "p99.9"],
    [percent(load.failedShare), "failed"],
  ]);
}

function percentileChart(load: LoadResult): Chart {
  const corrected = percentileCurve(load.total.corrected);
  const uncorrected = percentileCurve(load.total.uncorrected);
  const end = Math.max(1, ...[...corrected, ...uncorrected].map(([x]) => x));
  const named = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"];
  const ticks = named.map((label, at): Tick => ({ at, label })).filter((tick) => tick.at <= end);
  return {
    title: "Latency by percentile",
    yLabel: "ms",
    x: { min: 0, max: end, ticks, label: "percentile" },
    yScale: "log",
    height: 340,
    series: [
      { label: "corrected", style: "a", points: corrected },
      { label: "uncorrected", style: "b", points: uncorrected },
    ],
  };
}

/** The percentile plot as a file of its own, for a page that shows it as a picture. */
export function percentileSvgFile(load: LoadResult): string {
  const looks =
    "svg{background:#fff}text{fill:#475467;font:12px sans-serif}.title{fill:#1c2330;font-weight:600}" +
    ".grid{stroke:#d8dde6}.line{fill:none;stroke-width:2}.a{stroke:#2563eb}.b{stroke:#d97706}";
  return `${chartSvg(percentileChart(load)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(">", `><style>${looks}</style>`)}\n`;
}

function latencyTable(load: LoadResult): string {
  const corrected = LatencyHistogram.decode(load.total.corrected);
  const uncorrected = LatencyHistogram.decode(load.total.uncorrected);
  const row = (name: string, histogram: LatencyHistogram) => [
    name,
    ...shownPercentiles.map((p) => latency(histogram.percentileMs(p))),
    latency(histogram.meanMs),
  ];
  const head = ["", ...shownPercentiles.map(percentileName), "mean"];
  return tableHtml("", head, [row("corrected", corrected), row("uncorrected", uncorrected)]);
}

function timeCharts(load: LoadResult): string {
  const words = wordsOf(load.plan);
  const seconds = shownSeconds(load).map((second) => ({
    ...second,
    histogram: LatencyHistogram.decode(second.corrected),
  }));
  const max = Math.max(1, seconds.length - 1);
  const gap = Math.max(1, niceStep(max / 10));
  const ticks: Tick[] = [];
  for (let at = 0; at <= max; at += gap) ticks.push({ at, label: `${at}` });
  const x = { min: 0, max, ticks, label: "seconds" };
  const at = (percentile: number) =>
    seconds.map(({ second, histogram }): [number, number] => [second, histogram.percentileMs(percentile)]);
  const throughput = chartHtml({
    title: words.begun,
    yLabel: "each second",
    yScale: "linear",
    height: 220,
    x,
    series: [
      { label: "begun", style: "c", points: seconds.map(({ second, begun }) => [second, begun]) },
      { label: words.replies, style: "a", points: seconds.map(({ second, replied }) => [second, replied]) },
      {
        label: "failed",
        style: "d",
        points: seconds.map(({ second, failed, bad }) => [second, failed + bad]),
      },
    ],
  });
  const latencies = chartHtml({
    title: `Corrected latency of the ${words.replies} of each second`,
    yLabel: "ms",
    yScale: "log",
    height: 260,
    x,
    series: [
      { label: "median", style: "a", points: at(50) },
      { label: "p99", style: "b", points: at(99) },
      { label: "max", style: "d", points: at(100) },
    ],
  });
  return `${throughput}\n${latencies}`;
}

function levelTable(load: LoadResult): string {
  const note = "By when a request was due: what came in late counts where it was asked for.";
  return tableHtml("At each rate", levelHead(load), levelRows(load), note);
}

function stepTable(load: LoadResult): string {
  const words = wordsOf(load.plan);
  const ofStatus = (text: string) => (words.hasStatus ? [text] : []);
  const rows = load.steps.map((step) => {
    const corrected = LatencyHistogram.decode(step.corrected);
    const statuses = Object.entries(step.statuses).map(([status, times]) => `${status}: ${whole(times)}`);
    const failed = Object.entries(step.failed).filter(([, times]) => times > 0);
    return [
      step.name,
      whole(step.replied),
      latency(corrected.percentileMs(50)),
      latency(corrected.percentileMs(99)),
      latency(corrected.maxMs),
      ...ofStatus(statuses.join(", ") || "–"),
      failures(step) === 0 ? "0" : failed.map(([kind, times]) => `${kind}: ${whole(times)}`).join(", "),
    ];
  });
  const title = words.hasStatus ? "Requests" : "Events";
  const replies = words.hasStatus ? words.replies : "times";
  const head = [words.request, replies, "median", "p99", "max", ...ofStatus("statuses"), words.none];
  return tableHtml(title, head, rows);
}

function checkTable(load: LoadResult): string {
  const checks = load.checks.map(({ name, passed, failed }) => [name, whole(passed), whole(failed)]);
  const thresholds = load.thresholds.map(({ text, value, held }) => [
    text,
    String(Number(value.toPrecision(4))),
    held ? "held" : "broken",
  ]);
  return `${tableHtml("Checks", ["check", "passed", "failed"], checks)}
${tableHtml("Thresholds", ["threshold", "was", ""], thresholds)}`;
}

function generatorTable(load: LoadResult): string {
  const rows = load.generators.map((health, i) => [
    String(i + 1),
    whole(health.due),
    `${whole(health.late)} (${percent(health.due === 0 ? 0 : health.late / health.due)})`,
    latency(health.lateP99Ms),
    latency(health.lateMaxMs),
    percent(health.cpuShare),
    percent(health.busyShare),
    health.waitedShare === undefined ? "–" : percent(health.waitedShare),
    whole(health.connections),
  ]);
  const head = [
    "process",
    "begun",
    `over ${load.plan.lateMs} ms late`,
    "p99 late",
    "max late",
    "CPU",
    "CPU without spinning",
    "waited for a core",
    "connections",
  ];
  return tableHtml("The generator itself", head, rows);
}

function secondsTable(load: LoadResult): string {
  const rows = shownSeconds(load).map((second) => {
    const histogram = LatencyHistogram.decode(second.corrected);
    return [
      String(second.second),
      whole(second.begun),
      whole(second.replied),
      whole(second.failed + second.bad),
      latency(histogram.percentileMs(50)),
      latency(histogram.percentileMs(99)),
      latency(histogram.maxMs),
    ];
  });
  const body = tableHtml(
    "",
    ["second", "begun", wordsOf(load.plan).replies, "failed", "median", "p99", "max"],
    rows,
  );
  return `<details><summary>Each second</summary>${body}</details>`;
}

function environmentTable(report: Report): string {
  const { plan, warmup } = report.load;
  const warmed =
    warmup.ms === 0
      ? "none"
      : `${(warmup.ms / 1000).toFixed(1)} s, ${warmup.settled ? "settled" : "not settled"}`;
  return environmentHtml(report, [
    ["warm-up", warmed],
    ["seed", String(plan.seed)],
    ["time-out", formatDuration(plan.timeoutMs)],
    ["connections", `${plan.connections} at most`],
  ]);
}
