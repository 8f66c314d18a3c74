import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import type { Candidate } from "./balancer.ts";
import { balancerCases, candidates, chiSquare, chiSquareBound, tally } from "./balancer.case.ts";
import { ConsistentHash } from "./consistent-hash.ts";

balancerCases("consistent-hash", (random) => new ConsistentHash(random));

const keys = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);
const placement = (offered: readonly Candidate[], seed = 1) => {
  const balancer = new ConsistentHash(seededRandom(seed));
  return keys.map((key) => balancer.pick(offered, { now: 0, key }).id);
};

test("equal keys go to the same instance, for every caller and in whatever order they are offered", () => {
  const here = placement(candidates(5), 1);
  expect(placement(candidates(5), 2)).toEqual(here);
  expect(placement(candidates(5).reverse(), 3)).toEqual(here);
});

test("one that leaves moves only its own keys, and they spread evenly", () => {
  const all = candidates(6);
  const before = placement(all);
  const after = placement(all.filter(({ id }) => id !== "catalog-3"));
  const moved = new Map<string, number>();
  before.forEach((id, index) => {
    if (id === "catalog-3") moved.set(after[index]!, (moved.get(after[index]!) ?? 0) + 1);
    else expect(after[index]).toBe(id);
  });
  expect(moved.size).toBe(5);
  expect(chiSquare(moved)).toBeLessThan(chiSquareBound);
});

test("one that joins takes its share and moves nothing else", () => {
  const before = placement(candidates(5));
  const after = placement(candidates(6));
  let taken = 0;
  before.forEach((id, index) => {
    if (after[index] === "catalog-6") taken++;
    else expect(after[index]).toBe(id);
  });
  expect(taken / keys.length).toBeGreaterThan(0.14);
  expect(taken / keys.length).toBeLessThan(0.2);
});

test("weights are respected", () => {
  const counts = tally(new ConsistentHash(seededRandom(4)), candidates(5, [1, 2, 3, 3, 1]), 10_000);
  const shares = new Map([0.1, 0.2, 0.3, 0.3, 0.1].map((share, index) => [`catalog-${index + 1}`, share]));
  expect(chiSquare(counts, shares)).toBeLessThan(chiSquareBound);
});
