import { describe, expect, test } from "bun:test";
import type { MicrocosmError } from "../../sdk/errors.ts";
import type { Link } from "../transport/transport.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { record } from "./broker.case.ts";
import { Publisher } from "./publisher.ts";
import { recordId, recordLength } from "./record.ts";

interface Sent {
  readonly sequence: number;
  readonly topic: string;
  readonly ids: string[];
}

/** The publisher's end of a link: notes what is sent. */
class SentLink {
  readonly sent: Sent[] = [];
  readonly bodies: Buffer[] = [];
  readonly copies: boolean;
  readonly link: Link;

  constructor(copies = true) {
    this.copies = copies;
    this.link = this.#link();
  }

  #link(): Link {
    return {
      copies: this.copies,
      notify: (head: readonly [string, number, string, number], body: Buffer) => {
        const [, sequence, topic, count] = head;
        const ids: string[] = [];
        for (let i = 0, at = 0; i < count; i++, at += recordLength(body, at)) ids.push(recordId(body, at));
        this.sent.push({ sequence, topic, ids });
        this.bodies.push(body);
      },
    } as unknown as Link;
  }
}

function start(limits: { inFlightBytes?: number } = {}) {
  const clock = new VirtualClock();
  const turns: (() => void)[] = [];
  const publisher = new Publisher({
    clock,
    schedule: (work) => void turns.push(work),
    pendingEvents: 1000,
    pendingBytes: 100_000,
    batchBytes: 10_000,
    inFlightBytes: limits.inFlightBytes ?? 100_000,
  });
  const turn = () => {
    for (let work = turns.shift(); work !== undefined; work = turns.shift()) work();
  };
  const outcomes: Record<string, number | string> = {};
  const publish = (id: string, topic = "a", deadline = 0) => {
    publisher.publish(topic, record(id, id), deadline).then(
      (offset) => {
        outcomes[id] = offset;
      },
      (error: MicrocosmError) => {
        outcomes[id] = error.code;
      },
    );
  };
  return { clock, publisher, turn, publish, outcomes };
}

describe("publisher", () => {
  test("sends what one turn published to a topic in one frame, in order", async () => {
    const { publisher, turn, publish, outcomes } = start();
    const { link, sent } = new SentLink();
    publisher.opened(link);
    for (const id of ["1", "2", "3"]) publish(id);
    publish("x", "b");
    expect(sent).toEqual([]);
    turn();
    expect(sent).toEqual([
      { sequence: 1, topic: "a", ids: ["1", "2", "3"] },
      { sequence: 2, topic: "b", ids: ["x"] },
    ]);
    publisher.published(1, 40);
    publisher.published(2, [7]);
    await Promise.resolve();
    expect(outcomes).toEqual({ "1": 40, "2": 41, "3": 42, x: 7 });
    expect(publisher.idle).toBe(true);
  });

  test("sends all that was not answered over the next link, in the same order, then the rest", async () => {
    const { publisher, turn, publish, outcomes } = start();
    const first = new SentLink();
    publisher.opened(first.link);
    for (const id of ["1", "2", "3"]) {
      publish(id);
      turn();
    }
    publisher.published(1, 0);
    publisher.closed();
    publish("4");
    turn();
    const second = new SentLink();
    publisher.opened(second.link);
    expect(second.sent.map(({ ids }) => ids)).toEqual([["2"], ["3"], ["4"]]);
    // Late answers on numbers of the old link belong to nobody.
    publisher.published(9, 0);
    for (const { sequence } of second.sent) publisher.published(sequence, sequence);
    await Promise.resolve();
    expect(outcomes).toEqual({ "1": 0, "2": 1, "3": 2, "4": 3 });
  });

  test("keeps what the broker has not answered within its bound", () => {
    const { publisher, turn, publish } = start({ inFlightBytes: 1 });
    const { link, sent } = new SentLink();
    publisher.opened(link);
    for (const id of ["1", "2"]) {
      publish(id);
      turn();
    }
    expect(sent.map(({ ids }) => ids)).toEqual([["1"]]);
    publisher.refused(1, "data-unwritable", "full");
    expect(sent.map(({ ids }) => ids)).toEqual([["1"], ["2"]]);
  });

  test("what expired is taken out of a batch that waits, what was sent is told apart", async () => {
    const { clock, publisher, turn, publish, outcomes } = start();
    const now = clock.now();
    publish("short", "a", now + 10);
    publish("long", "a", now + 1000);
    turn();
    clock.advance(10);
    await Promise.resolve();
    expect(outcomes).toEqual({ short: "broker-unavailable" });
    const { link, sent } = new SentLink();
    publisher.opened(link);
    expect(sent.map(({ ids }) => ids)).toEqual([["long"]]);
    clock.advance(1000);
    await Promise.resolve();
    expect(outcomes).toEqual({ short: "broker-unavailable", long: "deadline-exceeded" });
    expect(publisher.idle).toBe(false);
    publisher.published(1, 0);
    expect(publisher.idle).toBe(true);
  });

  test("memory is used again once it was answered, and only where the other end has a copy", async () => {
    for (const copies of [true, false]) {
      const { publisher, turn, publish, outcomes } = start();
      const { link, sent, bodies } = new SentLink(copies);
      publisher.opened(link);
      const ids = (name: string) => Array.from({ length: 60 }, (_, i) => `${name}-${i}-${"x".repeat(50)}`);
      for (const name of ["first", "second", "third"]) {
        for (const id of ids(name)) publish(id);
        turn();
        if (name === "second") publisher.published(1, 0);
      }
      const [first, second, third] = bodies.map(({ buffer }) => buffer);
      expect(second).not.toBe(first!);
      expect(third === first).toBe(copies);
      expect(sent.map((frame) => frame.ids)).toEqual([ids("first"), ids("second"), ids("third")]);
      publisher.published(2, 100);
      publisher.published(3, 200);
      await Promise.resolve();
      expect(Object.keys(outcomes).length).toBe(180);
    }
  });

  test("a refusal goes to those of its batch only", async () => {
    const { publisher, turn, publish, outcomes } = start();
    publisher.opened(new SentLink().link);
    publish("1");
    publish("2", "b");
    turn();
    publisher.refused(1, "unknown-topic", "no");
    publisher.published(2, 5);
    await Promise.resolve();
    expect(outcomes).toEqual({ "1": "unknown-topic", "2": 5 });
  });

  test("a deadline that has passed is refused at once", async () => {
    const { clock, publish, outcomes } = start();
    publish("late", "a", clock.now());
    await Promise.resolve();
    expect(outcomes).toEqual({ late: "deadline-exceeded" });
  });
});
