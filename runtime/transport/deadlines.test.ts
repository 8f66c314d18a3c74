import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Clock } from "../clock.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { Deadlines, Expiring } from "./deadlines.ts";

/** Also counts how many timers were ever set. */
class CountingClock extends VirtualClock {
  armed = 0;

  override after(ms: number, work: () => void): () => void {
    this.armed++;
    return super.after(ms, work);
  }
}

class Entry extends Expiring {
  expiredAt: number[] = [];
  readonly #clock: Clock;
  readonly #then: () => void;

  constructor(clock: Clock, deadline: number, then = () => {}) {
    super();
    this.#clock = clock;
    this.deadline = deadline;
    this.#then = then;
  }

  override expire(): void {
    this.expiredAt.push(this.#clock.now());
    this.#then();
  }
}

describe("deadlines", () => {
  test("property: each entry expires once, not before its deadline, and soon after, unless removed", () => {
    const step = fc.record({
      inMs: fc.oneof(fc.integer({ min: -50, max: 200 }), fc.integer({ min: 0, max: 60_000 })),
      advance: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20_000 })),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new CountingClock();
        const deadlines = new Deadlines(clock);
        const kept: { entry: Entry; addedAt: number }[] = [];
        for (const { inMs, advance, remove } of steps) {
          const entry = new Entry(clock, clock.now() + inMs);
          const addedAt = clock.now();
          deadlines.add(entry);
          expect(entry.expiredAt).toEqual([]);
          if (remove) {
            deadlines.remove(entry);
            deadlines.remove(entry);
            clock.advance(advance);
            expect(entry.expiredAt).toEqual([]);
          } else {
            kept.push({ entry, addedAt });
            clock.advance(advance);
          }
        }
        clock.advance(70_000);
        for (const { entry, addedAt } of kept) {
          expect(entry.expiredAt.length).toBe(1);
          const due = Math.max(entry.deadline, addedAt);
          expect(entry.expiredAt[0]).toBeGreaterThanOrEqual(entry.deadline);
          expect(entry.expiredAt[0]).toBeLessThanOrEqual(due + 16);
        }
        expect(deadlines.size).toBe(0);
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("calls that end in time cost a few timers, not one each", () => {
    const clock = new CountingClock();
    const deadlines = new Deadlines(clock);
    for (let i = 0; i < 10_000; i++) {
      const entry = new Entry(clock, clock.now() + 2000);
      deadlines.add(entry);
      deadlines.remove(entry);
      clock.advance(1);
    }
    expect(clock.armed).toBeLessThan(20);
  });

  test("an entry an hour away does not wake the process all the time", () => {
    const clock = new CountingClock();
    const deadlines = new Deadlines(clock);
    const entry = new Entry(clock, clock.now() + 3_600_000);
    deadlines.add(entry);
    clock.advance(3_599_000);
    expect(entry.expiredAt).toEqual([]);
    expect(clock.armed).toBeLessThan(500);
    clock.advance(2000);
    expect(entry.expiredAt.length).toBe(1);
  });

  test("one that expires may remove and add others", () => {
    const clock = new CountingClock();
    const deadlines = new Deadlines(clock);
    const victim = new Entry(clock, clock.now() + 10);
    const later = new Entry(clock, clock.now() + 100);
    const first = new Entry(clock, clock.now() + 10, () => {
      deadlines.remove(victim);
      deadlines.add(later);
    });
    deadlines.add(victim);
    deadlines.add(first);
    clock.advance(50);
    expect(first.expiredAt.length + victim.expiredAt.length).toBe(1);
    clock.advance(100);
    expect(later.expiredAt.length).toBe(1);
  });
});
