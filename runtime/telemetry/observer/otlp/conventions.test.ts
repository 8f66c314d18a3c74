import { describe, expect, test } from "bun:test";
import { metric } from "../../names.ts";
import { conventional, internal } from "./conventions.ts";

const own: readonly [name: string, labels: Record<string, string>, theirs: object][] = [
  [
    metric.serverDuration,
    { route: "GET /v1/products/{id}", status: "503", outcome: "error" },
    {
      name: "http.server.request.duration",
      attributes: {
        "http.request.method": "GET",
        "http.route": "/v1/products/{id}",
        "http.response.status_code": 503,
        "url.scheme": "http",
        "error.type": "503",
      },
    },
  ],
  [
    metric.serverDuration,
    { route: "unmatched", status: "404", outcome: "ok" },
    {
      name: "http.server.request.duration",
      attributes: { route: "unmatched", "http.response.status_code": 404, "url.scheme": "http" },
    },
  ],
  [
    metric.clientDuration,
    { to: "catalog", outcome: "error" },
    {
      name: "http.client.request.duration",
      attributes: { "server.address": "catalog", "error.type": "_OTHER" },
    },
  ],
  [
    metric.databaseDuration,
    { operation: "SELECT", outcome: "ok" },
    {
      name: "db.client.operation.duration",
      attributes: { "db.system.name": "sqlite", "db.operation.name": "SELECT" },
    },
  ],
  [
    metric.publishDuration,
    { topic: "order.placed", outcome: "ok" },
    {
      name: "messaging.client.operation.duration",
      attributes: {
        "messaging.system.name": "microcosm",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": "order.placed",
      },
    },
  ],
  [
    metric.processDuration,
    { topic: "order.placed", subscription: "inventory", outcome: "ok" },
    {
      name: "messaging.process.duration",
      attributes: {
        "messaging.system.name": "microcosm",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "order.placed",
        "messaging.destination.subscription.name": "inventory",
      },
    },
  ],
  [metric.rss, {}, { name: "process.memory.usage", attributes: {} }],
  [
    metric.subscriptionLag,
    { topic: "a", subscription: "b" },
    { name: metric.subscriptionLag, attributes: { topic: "a", subscription: "b" } },
  ],
];

const asText = (attributes: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));

describe("a metric of ours", () => {
  for (const [name, labels, theirs] of own) {
    test(`${name} ${Object.values(labels).join(" ")} leaves as the conventions have it, and comes back`, () => {
      const sent = conventional(name, labels);
      expect(sent).toEqual(theirs as typeof sent);
      expect(internal(sent.name, asText(sent.attributes), true)).toEqual({ name, labels });
    });
  }
});

describe("of another program", () => {
  test("requests it answered count by route and outcome, as ours do", () => {
    const attributes = {
      "http.request.method": "POST",
      "http.route": "/pay",
      "http.response.status_code": "500",
      "error.type": "500",
      "server.port": "80",
    };
    expect(internal("http.server.request.duration", attributes, false)).toEqual({
      name: metric.serverDuration,
      labels: { route: "POST /pay", status: "500", outcome: "error", "server.port": "80" },
    });
  });

  test("calls to hosts and another broker's messages stay what they are", () => {
    for (const name of ["http.client.request.duration", "messaging.process.duration", "jvm.memory.used"]) {
      const attributes = { "server.address": "127.0.0.1", "messaging.system.name": "kafka" };
      expect(internal(name, attributes, false)).toEqual({ name, labels: attributes });
    }
  });
});
