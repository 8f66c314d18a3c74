import type { TopicInfo } from "../bus/broker.ts";
import { metric } from "../telemetry/names.ts";
import type { Gauge, Metrics } from "../telemetry/recorder/metrics.ts";

/** How much each topic holds and how far each subscription is behind, right before each report. Returns what ends it. */
export function observeBus(metrics: Metrics, topics: () => readonly TopicInfo[]): () => void {
  let present = new Map<Gauge, number>();
  return metrics.observe(() => {
    const before = present;
    present = new Map();
    const set = (name: string, unit: string, labels: Record<string, string>, value: number) =>
      void present.set(metrics.gauge(name, unit, labels), value);
    for (const { topic, messages, bytes, dead, subscriptions } of topicsOrNone(topics)) {
      set(metric.topicEvents, "{event}", { topic }, messages);
      set(metric.topicBytes, "By", { topic }, bytes);
      set(metric.topicDead, "{event}", { topic }, dead);
      for (const { subscription, lag, inFlight } of subscriptions) {
        set(metric.subscriptionLag, "{event}", { topic, subscription }, lag);
        set(metric.subscriptionInFlight, "{event}", { topic, subscription }, inFlight);
      }
    }
    for (const [gauge, value] of present) gauge.set(value);
    // A subscription that was forgotten has no lag any more.
    for (const gauge of before.keys()) if (!present.has(gauge)) gauge.clear();
  });
}

/** A broker whose file cannot be read says so in its health; here it only has nothing to report. */
function topicsOrNone(topics: () => readonly TopicInfo[]): readonly TopicInfo[] {
  try {
    return topics();
  } catch {
    return [];
  }
}
