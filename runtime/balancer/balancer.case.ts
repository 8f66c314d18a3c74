import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Random, seededRandom } from "../clock.ts";
import type { Balancer, Candidate } from "./balancer.ts";

export function candidates(count: number, weights: readonly number[] = []): Candidate[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `catalog-${index + 1}`,
    weight: weights[index] ?? 1,
    pending: 0,
  }));
}

/** Picks `calls` times, each with a key of its own, nothing staying under way. Calls per id. */
export function tally(balancer: Balancer, offered: readonly Candidate[], calls: number): Map<string, number> {
  const counts = new Map(offered.map(({ id }) => [id, 0]));
  for (let call = 0; call < calls; call++) {
    const { id } = balancer.pick(offered, { now: call, key: `key-${call}` });
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Pearson's statistic against the shares given, equal ones by default. */
export function chiSquare(counts: ReadonlyMap<string, number>, shares?: ReadonlyMap<string, number>): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  for (const [id, count] of counts) {
    const expected = total * (shares?.get(id) ?? 1 / counts.size);
    statistic += (count - expected) ** 2 / expected;
  }
  return statistic;
}

/** Four degrees of freedom at p = 0.001: a fair balancer with a fixed seed stays below it, now and always. */
export const chiSquareBound = 18.47;

/** What every Balancer must do, whatever its idea of a good instance. */
export function balancerCases(name: string, make: (random: Random) => Balancer): void {
  describe(`balancer: ${name}`, () => {
    test("takes the only one there is", () => {
      const balancer = make(seededRandom(1));
      const [only] = candidates(1);
      for (let call = 0; call < 20; call++) {
        expect(balancer.pick([only!], { now: call, key: `key-${call}` })).toBe(only!);
        balancer.observe?.(only!, 5, call % 3 > 0, call);
      }
    });

    test("is fair among equals: chi-square over 5 instances", () => {
      const balancer = make(seededRandom(2));
      const counts = tally(balancer, candidates(5), 10_000);
      expect(chiSquare(counts)).toBeLessThan(chiSquareBound);
    });

    test("works without a key", () => {
      const balancer = make(seededRandom(3));
      const offered = candidates(3);
      const seen = new Set<Candidate>();
      for (let call = 0; call < 100; call++) seen.add(balancer.pick(offered, { now: call }));
      expect(seen.size).toBe(3);
    });

    test("uses an instance that joins and forgets one that left", () => {
      const balancer = make(seededRandom(4));
      const all = candidates(4);
      tally(balancer, all.slice(0, 3), 100);
      balancer.changed?.(all);
      expect(tally(balancer, all, 400).get("catalog-4")).toBeGreaterThan(0);
      balancer.changed?.(all.slice(1));
      expect([...tally(balancer, all.slice(1), 400).keys()]).not.toContain("catalog-1");
    });

    test("does not change what it is given", () => {
      const balancer = make(seededRandom(5));
      const offered = candidates(3, [1, 2, 3]);
      const before = structuredClone(offered);
      balancer.changed?.(offered);
      tally(balancer, offered, 50);
      balancer.observe?.(offered[0]!, 7, false, 60);
      expect(offered).toEqual(before);
    });

    test("the same seed and the same calls give the same choices", () => {
      const run = () => {
        const balancer = make(seededRandom(6));
        const offered = candidates(5);
        return Array.from({ length: 200 }, (_, call) => {
          const choice = balancer.pick(offered, { now: call, key: `key-${call}` });
          balancer.observe?.(choice, call % 17, call % 13 > 0, call);
          return choice.id;
        });
      };
      expect(run()).toEqual(run());
    });

    test("property: never picks one that is not offered, however the set changes", () => {
      const step = fc.record({
        offered: fc.uniqueArray(fc.nat(7), { minLength: 1 }),
        durationMs: fc.nat(5000),
        ok: fc.boolean(),
        stays: fc.boolean(),
        told: fc.boolean(),
        elapsedMs: fc.nat(20_000),
        key: fc.option(fc.string(), { nil: undefined }),
      });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, seed) => {
          const balancer = make(seededRandom(seed));
          const all = candidates(8, [1, 5, 0, 2, 1, 1, 0.5, 100]);
          let now = 0;
          for (const { offered, durationMs, ok, stays, told, elapsedMs, key } of steps) {
            const set = offered.map((index) => all[index]!);
            if (told) balancer.changed?.(set);
            const choice = balancer.pick(set, { now, key });
            expect(set).toContain(choice);
            now += elapsedMs;
            if (stays) choice.pending++;
            else balancer.observe?.(choice, durationMs, ok, now);
          }
        }),
      );
    });
  });
}
