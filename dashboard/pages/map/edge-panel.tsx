import { metric } from "../../../runtime/telemetry/names.ts";
import { formatMs, formatRate } from "../format.ts";
import { topicHref } from "../links.ts";
import { kindWords } from "./edge-line.tsx";
import { clients, type MapEdge } from "./model.ts";
import { Figure } from "./service-panel.tsx";
import { SideCharts } from "./side-charts.tsx";
import { SidePanel } from "./side-panel.tsx";

export function EdgePanel({ edge, onClose }: { edge: MapEdge; onClose: () => void }) {
  const { from, to, kind, topics, ratePerSecond } = edge;
  const service = kind === "delivery" || from === clients ? to : from;
  return (
    <SidePanel title={`${from} → ${to}`} onClose={onClose}>
      <p class="muted">{sentenceOf(edge)}</p>
      <dl class="figures">
        <Figure label="Rate" value={formatRate(ratePerSecond)} />
        <Figure label="Errors" value={formatRate(edge.errorsPerSecond)} bad={edge.errorsPerSecond > 0} />
        <Figure label="p50" value={ratePerSecond > 0 ? formatMs(edge.p50Ms) : "–"} />
        <Figure label="p99" value={ratePerSecond > 0 ? formatMs(edge.p99Ms) : "–"} />
      </dl>
      {kind !== "call" && topics.length > 0 && (
        <>
          <h3>Topics</h3>
          <ul class="topics">
            {topics.map(({ topic = "", ratePerSecond: rate, p99Ms }) => (
              <li key={topic}>
                <a class="truncate" href={topicHref(topic)}>
                  {topic}
                </a>
                <span class="number">{formatRate(rate)}</span>
                <span class="number muted">p99 {formatMs(p99Ms)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <SideCharts sources={[sourceOf(edge)]} />
      <p class="side-links">
        <a href={`/charts?service=${encodeURIComponent(service)}`}>Metrics</a>
        <a href={`/traces?service=${encodeURIComponent(service)}`}>Traces</a>
      </p>
    </SidePanel>
  );
}

function sentenceOf({ from, to, kind }: MapEdge): string {
  if (from === clients) return "Requests from outside, as the gateway answers them.";
  if (kind === "call") return `${from} ${kindWords.call} ${to}; each attempt counts, as the caller sees it.`;
  if (kind === "publish") return `${from} publishes events; the time is until they are on disk.`;
  return `${to} is delivered events; the time is that of its handler.`;
}

function sourceOf({ from, to, kind }: MapEdge) {
  if (from === clients) return { word: "requests", metric: metric.serverDuration, where: [`service=${to}`] };
  if (kind === "call")
    return { word: "calls", metric: metric.clientDuration, where: [`service=${from}`, `to=${to}`] };
  if (kind === "publish")
    return { word: "events", metric: metric.publishDuration, where: [`service=${from}`] };
  return { word: "events", metric: metric.processDuration, where: [`service=${to}`] };
}
