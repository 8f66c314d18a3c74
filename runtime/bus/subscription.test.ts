import { expect, test } from "bun:test";
import fc from "fast-check";
import { EngineFixture, type Received, type TestConsumer } from "./engine-fixture.ts";

const credit = 7;
const ackTimeoutMs = 5000;

type Step =
  | { readonly do: "publish"; readonly keys: readonly (string | undefined)[] }
  | { readonly do: "ack" | "nack" | "release"; readonly consumer: number; readonly picks: readonly number[] }
  | { readonly do: "leave"; readonly consumer: number; readonly orderly: boolean }
  | { readonly do: "wait"; readonly ms: number };

const consumer = fc.nat({ max: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      keys: fc.array(fc.option(fc.constantFrom("a", "b"), { nil: undefined, freq: 4 }), {
        minLength: 1,
        maxLength: 12,
      }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("ack" as const, "ack" as const, "nack" as const, "release" as const),
      consumer,
      picks: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), consumer, orderly: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 150, ackTimeoutMs) }),
  },
);

/** Two consumers and what each of them holds, checked against what a subscription promises. */
class Model {
  readonly fixture = new EngineFixture(
    { m: { durability: "memory", ackTimeoutMs, maxDeliveries: 1000 } },
    {},
    undefined,
    ":memory:",
  );
  readonly #held: Map<number, Received>[] = [new Map(), new Map()];
  readonly #consumers: TestConsumer[] = [this.#join(0), this.#join(1)];
  readonly #done = new Set<number>();
  readonly #keys: (string | undefined)[] = [];
  readonly #lastOfKey = new Map<string, number>();

  run(what: Step): void {
    if (what.do === "publish") this.#publish(what.keys);
    else if (what.do === "wait") this.#wait(what.ms);
    else if (what.do === "leave") {
      this.#consumers[what.consumer]!.seat.leave(what.orderly);
      this.#held[what.consumer]!.clear();
      this.#consumers[what.consumer] = this.#join(what.consumer);
    } else this.#answer(what.do, what.consumer, what.picks);
    this.fixture.turn();
    this.#collect();
  }

  /** Everything is acknowledged that comes, until nothing does. */
  finish(): void {
    for (let idle = 0; idle < 3; ) {
      const held = this.#held.map((mine) => mine.size);
      for (const i of [0, 1]) this.#answer("ack", i, [...Array(held[i]).keys()]);
      this.#wait(ackTimeoutMs);
      this.#collect();
      idle = this.#held.every((mine) => mine.size === 0) ? idle + 1 : 0;
    }
    const { cursor, lag, inFlight, waitingRetry } = this.fixture.subscription("m");
    expect({ cursor, lag, inFlight, waitingRetry }).toEqual({
      cursor: this.#keys.length,
      lag: 0,
      inFlight: 0,
      waitingRetry: 0,
    });
    expect(this.#done.size).toBe(this.#keys.length);
  }

  #join(index: number): TestConsumer {
    return this.fixture.subscribe("m", { consumer: `c-${index}`, credit });
  }

  #publish(keys: readonly (string | undefined)[]): void {
    const events = keys.map((key, i) => ({
      data: this.#keys.length + i,
      ...(key === undefined ? {} : { key }),
    }));
    this.#keys.push(...keys);
    this.fixture.begin("m", events);
  }

  #wait(ms: number): void {
    this.fixture.advance(ms);
    // What was held too long is no longer ours; the consumer still says how it went, which frees its credit.
    for (const [i, held] of this.#held.entries()) {
      for (const [tag, { at }] of held) {
        if (at + ackTimeoutMs > this.fixture.clock.now()) continue;
        held.delete(tag);
        this.#consumers[i]!.seat.ack(tag, tag);
      }
    }
    this.fixture.turn();
  }

  #answer(how: "ack" | "nack" | "release", index: number, picks: readonly number[]): void {
    const held = this.#held[index]!;
    const all = [...held.values()];
    const { seat } = this.#consumers[index]!;
    for (const received of new Set(picks.map((pick) => all[pick % Math.max(1, all.length)]))) {
      if (received === undefined) continue;
      held.delete(received.tag);
      if (how === "nack") seat.nack(received.tag, "no");
      else seat[how](received.tag, received.tag);
      if (how === "ack") this.#finished(received);
    }
  }

  #finished({ event: { offset, key } }: Received): void {
    expect(this.#done.has(offset)).toBe(false);
    this.#done.add(offset);
    if (key === undefined) return;
    expect(offset).toBeGreaterThan(this.#lastOfKey.get(key) ?? -1);
    this.#lastOfKey.set(key, offset);
  }

  #collect(): void {
    for (const [i, consumer] of this.#consumers.entries()) {
      for (const received of consumer.received.splice(0)) {
        const { offset, key, data } = received.event;
        expect(data).toBe(offset);
        expect(key).toBe(this.#keys[offset]);
        expect(this.#done.has(offset)).toBe(false);
        this.#held[i]!.set(received.tag, received);
      }
      expect(this.#held[i]!.size).toBeLessThanOrEqual(credit);
    }
    const held = this.#held.flatMap((mine) => [...mine.values()]).map(({ event }) => event);
    expect(new Set(held.map(({ offset }) => offset)).size).toBe(held.length);
    const keys = held.flatMap(({ key }) => (key === undefined ? [] : [key]));
    expect(new Set(keys).size).toBe(keys.length);
  }
}

test("property: whatever consumers do, each event is handled, its key in order, none twice at a time, none after it is done", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const model = new Model();
      try {
        for (const what of steps) model.run(what);
        model.finish();
      } finally {
        model.fixture.close();
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
