import { latency, percent, whole } from "../report/figures.ts";
import {
  cardsHtml,
  environmentHtml,
  htmlPage,
  incompleteHtml,
  tableHtml,
  verdictHtml,
  shownTime,
} from "../report/page.ts";
import { chartSvg, niceStep, type Series, type Tick } from "../report/svg.ts";
import { targetHtml } from "../report/target.ts";
import type { SaturationReport } from "./run.ts";
import { boundsText, curveHead, curveRows, findings, replicaHead, replicaRows } from "./text.ts";
import { type UslFit, type UslPoint, uslThroughput } from "./usl.ts";

export function saturationHtml(report: SaturationReport): string {
  const { options, startedAt, result, incomplete } = report;
  const noneHeld = result.highest === undefined && incomplete === undefined;
  return htmlPage({
    title: `saturate: ${options.url}`,
    heading: "How much it can take",
    sub: `${options.url} · ${boundsText(report)} · ${shownTime(startedAt)}`,
    raw: report,
    body: [
      incompleteHtml(report),
      cards(report),
      ...findings(report).map((text, i) =>
        verdictHtml(noneHeld && i === 0 ? "error" : "told", capital(text)),
      ),
      curve(report),
      scalability("By instances", "instances", report.scaling?.points ?? [], report.scaling?.usl),
      tableHtml("", replicaHead, replicaRows(report)),
      scalability("By clients", "clients", report.closed, report.usl),
      targetHtml(report.target),
      environmentHtml(report, [
        ["seed", String(options.seed)],
        [
          "trial",
          `${options.trialMs / 1000} s after ${options.warmupMs / 1000} s, ${options.trials} of a rate at most`,
        ],
      ]),
    ].join("\n"),
  });
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function cards({ result, knee, target }: SaturationReport): string {
  return cardsHtml([
    [result.highest === undefined ? "none" : `${whole(result.highest)}/s`, "highest rate that held"],
    [
      result.highestConfidence === undefined ? "–" : percent(Math.min(0.999, result.highestConfidence)),
      "sure",
    ],
    [knee === undefined ? "–" : `${whole(knee.perSecond)}/s`, "knee"],
    [target?.bottleneck?.service ?? "–", "bottleneck"],
  ]);
}

function curve(report: SaturationReport): string {
  const { curve: points, knee, options } = report;
  if (points.length === 0) return "";
  const line = (of: (point: (typeof points)[number]) => number) =>
    points.map((point): [number, number] => [point.perSecond, of(point)]).sort(([a], [b]) => a - b);
  const end = Math.max(...points.map(({ perSecond }) => perSecond));
  const series: Series[] = [
    { label: "median", style: "a", points: line(({ p50Ms }) => p50Ms) },
    { label: "p99", style: "b", points: line(({ p99Ms }) => p99Ms) },
    {
      label: `bound on p99 (${latency(options.maxP99Ms)})`,
      style: "d",
      points: [
        [0, options.maxP99Ms],
        [end, options.maxP99Ms],
      ],
    },
  ];
  if (knee !== undefined) series.push({ label: "knee", style: "c", points: [[knee.perSecond, knee.p50Ms]] });
  return `<section><h2>Latency over throughput</h2>
${chartSvg({ title: "Corrected latency at each rate tried", yLabel: "ms", yScale: "log", height: 340, x: axis(end, "answers a second"), series })}
${tableHtml("", curveHead, curveRows(report), "Each trial is another draw of Poisson arrivals; where a rate had several, the medians. The knee is where throughput over mean latency is the greatest (Kleinrock 1979).")}</section>`;
}

function scalability(
  title: string,
  what: string,
  points: readonly UslPoint[],
  fit: UslFit | undefined,
): string {
  if (points.length === 0) return "";
  const most = Math.max(...points.map(({ n }) => n));
  const steps = Array.from({ length: 101 }, (_, i) => 1 + ((most - 1) * i) / 100);
  const series: Series[] = [
    {
      label: "measured",
      style: "a",
      marks: true,
      points: points.map(({ n, throughput }) => [n, throughput]),
    },
  ];
  if (fit !== undefined) {
    series.push({
      label: "scalability law",
      style: "b",
      points: steps.map((n) => [n, uslThroughput(fit, n)]),
    });
    const straight = steps.filter(
      (n) => fit.lambda * n <= 1.5 * Math.max(...points.map((p) => p.throughput)),
    );
    series.push({ label: "in proportion", style: "c", points: straight.map((n) => [n, fit.lambda * n]) });
  }
  return `<section><h2>${title}</h2>
${chartSvg({ title: `Throughput over ${what}`, yLabel: "answers a second", yScale: "linear", height: 280, x: axis(most, what), series })}</section>`;
}

function axis(end: number, label: string) {
  // All that is counted here is whole.
  const gap = Math.max(1, niceStep(end / 8));
  const ticks: Tick[] = [];
  for (let at = 0; at <= end; at += gap)
    ticks.push({ at, label: at >= 1000 ? whole(at) : String(Number(at.toPrecision(3))) });
  return { min: 0, max: end, ticks, label };
}
