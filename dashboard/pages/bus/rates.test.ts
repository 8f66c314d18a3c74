import { expect, test } from "bun:test";
import type { TopicInfo } from "../../../runtime/bus/broker.ts";
import { TopicRates } from "./rates.ts";

const at = (topic: string, nextOffset: number): TopicInfo => ({
  topic,
  nextOffset,
  durability: "disk",
  firstOffset: 0,
  messages: nextOffset,
  bytes: 0,
  dead: 0,
  subscriptions: [],
});

test("a rate is how far a topic moved in the last looks", () => {
  const rates = new TopicRates();
  rates.add([at("a", 100)], 0);
  expect(rates.of("a")).toBeUndefined();
  rates.add([at("a", 150), at("b", 7)], 1000);
  expect(rates.of("a")).toBe(50);
  expect(rates.of("b")).toBeUndefined();
  for (let second = 2; second <= 20; second++) rates.add([at("a", 150), at("b", 7 + second)], second * 1000);
  expect(rates.of("a")).toBe(0);
  expect(rates.of("b")).toBe(1);
});

test("a topic that began anew has no rate below zero", () => {
  const rates = new TopicRates();
  rates.add([at("a", 100)], 0);
  rates.add([at("a", 3)], 1000);
  expect(rates.of("a")).toBe(0);
});
