import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import { balancerCases, candidates, tally } from "./balancer.case.ts";
import { LeastPending } from "./least-pending.ts";
import { simulate } from "./simulation.case.ts";

balancerCases("least-pending", (random) => new LeastPending(random));

test("picks the one with the fewest calls under way", () => {
  const balancer = new LeastPending(seededRandom(1));
  const offered = candidates(4);
  [3, 1, 2, 4].forEach((pending, index) => {
    offered[index]!.pending = pending;
  });
  expect(balancer.pick(offered, { now: 0 }).id).toBe("catalog-2");
});

test("a slow instance gets fewer calls", () => {
  const share = simulate(new LeastPending(seededRandom(2)), [10, 10, 10, 200]);
  expect(share.get("catalog-4")).toBeLessThan(0.1);
});

test("an instance that fails at once does not draw the calls to itself", () => {
  const share = simulate(new LeastPending(seededRandom(3)), [50, 50, 50, "fails"]);
  expect(share.get("catalog-4")).toBeLessThan(0.01);
});

test("one that failed is tried again later, and is as good as any after a success", () => {
  const balancer = new LeastPending(seededRandom(4));
  const [sick, well] = candidates(2);
  balancer.observe(sick!, 1, false, 0);
  for (let call = 0; call < 50; call++) expect(balancer.pick([sick!, well!], { now: 499 })).toBe(well!);
  expect(balancer.pick([sick!], { now: 499 })).toBe(sick!);
  well!.pending = 1;
  expect(balancer.pick([sick!, well!], { now: 500 })).toBe(sick!);
  balancer.observe(sick!, 1, false, 500);
  expect(balancer.pick([sick!, well!], { now: 1499 })).toBe(well!);
  balancer.observe(sick!, 1, true, 1500);
  expect(balancer.pick([sick!, well!], { now: 1500 })).toBe(sick!);
});

test("when all failed it still chooses by what is pending", () => {
  const balancer = new LeastPending(seededRandom(5));
  const offered = candidates(3);
  for (const candidate of offered) balancer.observe(candidate, 1, false, 0);
  offered[0]!.pending = 5;
  expect(tally(balancer, offered, 100).get("catalog-1")).toBe(0);
});
