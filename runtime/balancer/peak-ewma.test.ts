import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import { balancerCases, candidates, tally } from "./balancer.case.ts";
import { PeakEwma } from "./peak-ewma.ts";
import { simulate } from "./simulation.case.ts";

balancerCases("peak-ewma", (random) => new PeakEwma(random));

test("a slow instance is shunned", () => {
  const share = simulate(new PeakEwma(seededRandom(1)), [10, 10, 10, 200]);
  expect(share.get("catalog-4")).toBeLessThan(0.03);
  expect(share.get("catalog-1")).toBeGreaterThan(0.25);
});

test("an instance that fails at once is shunned too", () => {
  // All it gets, it gets in the first 50 ms: until the others have answered once, nothing is known of them.
  const share = simulate(new PeakEwma(seededRandom(2)), [50, 50, 50, "fails"]);
  expect(share.get("catalog-4")).toBeLessThan(0.02);
});

test("a single peak counts at once and in full", () => {
  const balancer = new PeakEwma(seededRandom(3));
  const [steady, spiky] = candidates(2);
  for (let at = 0; at < 1000; at += 10) {
    balancer.observe(steady!, 20, true, at);
    balancer.observe(spiky!, 5, true, at);
  }
  expect(balancer.pick([steady!, spiky!], { now: 1000 })).toBe(spiky!);
  balancer.observe(spiky!, 500, true, 1000);
  for (let call = 0; call < 20; call++) {
    expect(balancer.pick([steady!, spiky!], { now: 1000 })).toBe(steady!);
  }
});

test("time heals: an instance that nothing is heard of becomes worth a try again", () => {
  const balancer = new PeakEwma(seededRandom(4));
  const [steady, sick] = candidates(2);
  balancer.observe(sick!, 1, false, 0);
  for (let at = 0; at <= 60_000; at += 100) balancer.observe(steady!, 20, true, at);
  expect(balancer.pick([steady!, sick!], { now: 20_000 })).toBe(steady!);
  expect(balancer.pick([steady!, sick!], { now: 60_000 })).toBe(sick!);
});

test("what is pending counts: of equally fast ones, the less busy", () => {
  const balancer = new PeakEwma(seededRandom(5));
  const offered = candidates(2);
  for (const candidate of offered) balancer.observe(candidate, 0, true, 0);
  offered[0]!.pending = 3;
  expect(tally(balancer, offered, 50).get("catalog-1")).toBe(0);
});

test("a new instance gets one call to prove itself, not a flood", () => {
  const balancer = new PeakEwma(seededRandom(6));
  const [known, fresh] = candidates(2);
  balancer.observe(known!, 30, true, 0);
  expect(balancer.pick([known!, fresh!], { now: 0 })).toBe(fresh!);
  fresh!.pending = 1;
  expect(tally(balancer, [known!, fresh!], 50).get("catalog-2")).toBe(0);
});
