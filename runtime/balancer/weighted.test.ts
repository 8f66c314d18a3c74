import { expect, test } from "bun:test";
import { balancerCases, candidates, tally } from "./balancer.case.ts";
import { Weighted } from "./weighted.ts";

balancerCases("weighted", () => new Weighted());

test("shares are exactly the weights over each full turn", () => {
  const counts = tally(new Weighted(), candidates(3, [5, 2, 1]), 80);
  expect([...counts.values()]).toEqual([50, 20, 10]);
});

test("is smooth: the heavy one does not get its calls in a burst", () => {
  const balancer = new Weighted();
  const offered = candidates(3, [5, 1, 1]);
  const order = Array.from({ length: 7 }, () => balancer.pick(offered).id.slice(-1));
  expect(order.join("")).toBe("1121311");
});

test("weight 0 gets calls only when there is no other", () => {
  const balancer = new Weighted();
  const offered = candidates(2, [0, 1]);
  expect(tally(balancer, offered, 50).get("catalog-1")).toBe(0);
  expect(balancer.pick([offered[0]!])).toBe(offered[0]!);
});

test("a changed weight counts from the next pick on", () => {
  const balancer = new Weighted();
  const [a, b] = candidates(2);
  tally(balancer, [a!, b!], 10);
  const heavier = { ...a!, weight: 3 };
  expect(tally(balancer, [heavier, b!], 40).get("catalog-1")).toBe(30);
});
