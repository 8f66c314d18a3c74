import { expect, test } from "bun:test";
import type { TopicInfo } from "../bus/broker.ts";
import { Metrics } from "../telemetry/recorder/metrics.ts";
import { observeBus } from "./bus-gauges.ts";

const topic: TopicInfo = {
  topic: "orders",
  durability: "disk",
  firstOffset: 0,
  nextOffset: 5,
  messages: 5,
  bytes: 500,
  dead: 1,
  subscriptions: [
    {
      subscription: "mail",
      consumers: ["mail-1"],
      cursor: 3,
      lag: 2,
      inFlight: 1,
      waitingRetry: 0,
      paused: false,
      skipped: 0,
    },
  ],
};

test("topics and subscriptions are reported while they are there", () => {
  const metrics = new Metrics(100);
  let topics: readonly TopicInfo[] = [topic];
  const end = observeBus(metrics, () => topics);
  const values = () => metrics.take(0, 100).map(({ name, labels, value }) => [name, labels, value]);
  expect(values()).toEqual([
    ["microcosm.topic.events", { topic: "orders" }, 5],
    ["microcosm.topic.bytes", { topic: "orders" }, 500],
    ["microcosm.topic.dead", { topic: "orders" }, 1],
    ["microcosm.subscription.lag", { topic: "orders", subscription: "mail" }, 2],
    ["microcosm.subscription.inflight", { topic: "orders", subscription: "mail" }, 1],
  ]);
  topics = [{ ...topic, subscriptions: [] }];
  expect(values()).toHaveLength(3);
  end();
});

test("a broker that cannot say has nothing to report", () => {
  const metrics = new Metrics(100);
  observeBus(metrics, () => {
    throw new Error("the file is gone");
  });
  expect(metrics.take(0, 100)).toEqual([]);
});
