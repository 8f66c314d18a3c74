import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import { balancerCases, candidates, tally } from "./balancer.case.ts";
import { RoundRobin } from "./round-robin.ts";

balancerCases("round-robin", (random) => new RoundRobin(random));

test("everyone once before anyone twice", () => {
  const counts = tally(new RoundRobin(seededRandom(1)), candidates(7), 7 * 11);
  expect([...counts.values()]).toEqual(Array(7).fill(11));
});

test("callers that start together do not begin at the same instance", () => {
  const random = seededRandom(1);
  const offered = candidates(4);
  const first = new Set<string>();
  for (let caller = 0; caller < 40; caller++) first.add(new RoundRobin(random).pick(offered).id);
  expect(first.size).toBe(4);
});
