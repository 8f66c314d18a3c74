import { latency, percent, rate as shownRate, whole } from "../report/figures.ts";
import { columns } from "../report/terminal.ts";
import type { SaturationReport } from "./run.ts";
import type { Trial } from "./trials.ts";
import type { UslFit } from "./usl.ts";

export function trialLine(trial: Trial): string {
  const late = trial.generatorLate ? ", generator late" : "";
  return `${whole(trial.rate)}/s: p99 ${latency(trial.p99Ms)}, ${percent(trial.failedShare)} failed, ${trial.held ? "held" : "did not hold"}${late}`;
}

export const curveHead = ["rate", "answers", "mean", "p50", "p99", "failed", "trials"] as const;

export function curveRows({ curve, knee }: SaturationReport): string[][] {
  return curve.map((point) => [
    `${whole(point.rate)}/s${point.rate === knee?.rate ? " (knee)" : ""}`,
    `${whole(point.perSecond)}/s`,
    latency(point.meanMs),
    latency(point.p50Ms),
    latency(point.p99Ms),
    percent(point.failedShare),
    String(point.trials),
  ]);
}

export const boundsText = ({ options }: SaturationReport) =>
  `p99 ≤ ${latency(options.maxP99Ms)} and failed ≤ ${percent(options.maxFailedShare)}`;

const sure = (confidence: number | undefined) => `${percent(Math.min(confidence ?? 0, 0.999))} sure`;

/** What was found, a sentence each. */
export function findings(report: SaturationReport): string[] {
  const { result, trials, knee, target, usl, scaling } = report;
  if (result.highest === undefined) return trials.length === 0 ? [] : [noneHeld(report)];
  const edge =
    result.lowestFailed === undefined
      ? "that is the highest tried"
      : `${whole(result.lowestFailed)}/s did not (${sure(result.failedConfidence)})`;
  const found = [
    `${whole(result.highest)}/s held ${boundsText(report)} (${sure(result.highestConfidence)}); ${edge}`,
  ];
  if (
    trials.some(({ rate, held, generatorLate }) => rate === result.lowestFailed && !held && generatorLate)
  ) {
    found.push(
      "the generator was late in that one: the edge may be its own, or this machine's, rather than the target's",
    );
  }
  if (knee !== undefined) {
    found.push(
      `the knee is at ${whole(knee.perSecond)}/s with a mean of ${latency(knee.meanMs)}: beyond it, throughput costs more latency than it brings`,
    );
  }
  found.push(
    target?.bottleneck === undefined
      ? `bottleneck: not named, because ${report.targetSilence ?? (target === undefined ? "the target is no Microcosm run of yours" : "its telemetry has no request in that time")}`
      : `bottleneck: ${target.bottleneck.service}; ${target.bottleneck.reason}`,
  );
  if (usl !== undefined) found.push(`over clients: ${uslText(usl, "client")}`);
  if (scaling?.usl !== undefined) {
    found.push(`over instances of ${scaling.service}: ${uslText(scaling.usl, "instance")}`);
  } else if (scaling !== undefined) {
    found.push(`over instances of ${scaling.service}: no fit, the law needs three sizes`);
  }
  return found;
}

function noneHeld(report: SaturationReport): string {
  const { rate, p99Ms, failedShare } = report.trials.reduce((low, trial) =>
    trial.rate < low.rate ? trial : low,
  );
  return `no rate held ${boundsText(report)}; at ${shownRate(rate)}/s, the lowest tried, p99 was ${latency(p99Ms)} and ${percent(failedShare)} failed`;
}

function uslText({ lambda, sigma, kappa, peakN, rSquared }: UslFit, one: string): string {
  const peak = Number.isFinite(peakN) ? `most at ${whole(Math.max(1, peakN))} ${one}s` : "no peak";
  return `one ${one} ${whole(lambda)}/s, contention σ ${sigma.toPrecision(3)}, coherency κ ${kappa.toPrecision(3)}, ${peak}, R² ${rSquared.toFixed(3)}`;
}

export const replicaHead = ["instances", "answers", "bottleneck", "why"] as const;

export function replicaRows({ scaling }: SaturationReport): string[][] {
  return (scaling?.points ?? []).map(({ n, throughput, bottleneck, silence }) => [
    String(n),
    `${whole(throughput)}/s`,
    bottleneck?.service ?? "–",
    bottleneck?.kind ?? silence ?? "–",
  ]);
}

/** The curve of latency over throughput as a table, the edge, and the scalability law in words. */
export function saturationText(report: SaturationReport): string {
  const rows = curveRows(report);
  const parts = rows.length === 0 ? [] : [columns([curveHead, ...rows]), ""];
  if (report.closed.length > 0) {
    parts.push(
      `clients    ${report.closed.map(({ n, throughput }) => `${n}: ${whole(throughput)}/s`).join("  ")}`,
    );
  }
  if (report.scaling !== undefined) parts.push(columns([replicaHead, ...replicaRows(report)]), "");
  if (report.incomplete !== undefined) parts.push(`error: not all was measured: ${report.incomplete}`);
  return `${[...parts, ...findings(report)].join("\n")}\n`;
}
