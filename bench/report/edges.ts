import type { EdgeFigures, ServiceFigures } from "../topology/figures.ts";
import { latency, percent, rate } from "./figures.ts";

export const edgeHead = ["edge", "a second", "errors", "mean", "p50", "p99"] as const;

export function edgeCells(edge: EdgeFigures): string[] {
  const what = edge.topic === undefined ? "" : `, ${edge.topic}`;
  return [
    `${edge.from} → ${edge.to}${what}`,
    rate(edge.perSecond),
    percent(edge.perSecond === 0 ? 0 : edge.errorsPerSecond / edge.perSecond),
    latency(edge.meanMs),
    latency(edge.p50Ms),
    latency(edge.p99Ms),
  ];
}

export const serviceHead = [
  "service",
  "instances",
  "a second",
  "mean",
  "CPU, of a core",
  "busiest instance",
  "event loop late, at most",
] as const;

export function serviceCells(service: ServiceFigures): string[] {
  return [
    service.service,
    String(service.instances),
    rate(service.perSecond),
    service.perSecond === 0 ? "–" : latency(service.meanMs),
    percent(service.cpu),
    `${service.busiest.instance}, ${percent(service.busiest.cpu)}`,
    latency(service.loopDelayMs),
  ];
}
