import { beforeEach, describe, expect, test } from "bun:test";
import type { WorkerMessage } from "../control/messages.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { Heartbeat } from "./heartbeat.ts";

type Beat = Extract<WorkerMessage, { type: "beat" }> & { urgent: boolean; at: number };

let clock: VirtualClock;
let beats: Beat[];
let pending: number;

beforeEach(() => {
  clock = new VirtualClock();
  beats = [];
  pending = 0;
});

function heartbeat(restMs: number): Heartbeat {
  const made = new Heartbeat({
    intervalMs: 1000,
    restMs,
    clock,
    load: () => ({ pending, calls: 0, errors: 0 }),
    beat: (beat, urgent) => beats.push({ ...beat, urgent, at: clock.now() }),
  });
  made.start();
  return made;
}

const rests = () => beats.at(-1)?.restMs !== undefined;

describe("Heartbeat", () => {
  test("beats every second; without work it says that it rests, and beats rarely", () => {
    heartbeat(30_000);
    clock.advance(10_000);
    expect(beats.map(({ restMs }) => restMs)).toEqual([undefined, undefined, undefined, 30_000]);
    clock.advance(60_000);
    expect(beats).toHaveLength(6);
    expect(rests()).toBe(true);
  });

  test("work ends its rest at once, and the beat that says so is out before the work begins", () => {
    const it = heartbeat(30_000);
    clock.advance(20_000);
    const before = beats.length;
    it.stir();
    it.stir();
    expect(beats).toHaveLength(before + 1);
    expect(beats.at(-1)).toMatchObject({ urgent: true, loopDelayMs: 0, at: clock.now() });
    expect(rests()).toBe(false);
    clock.advance(2500);
    expect(beats.length).toBeGreaterThanOrEqual(before + 3);
    expect(rests()).toBe(false);
    clock.advance(3000);
    expect(rests()).toBe(true);
  });

  test("does not rest while calls come or are under way", () => {
    const it = heartbeat(30_000);
    pending = 1;
    clock.advance(10_000);
    expect(rests()).toBe(false);
    pending = 0;
    for (let n = 0; n < 10; n++) {
      clock.advance(1000);
      it.stir();
    }
    expect(rests()).toBe(false);
    expect(beats.every(({ urgent }) => !urgent)).toBe(true);
  });

  test("never rests with restMs 0, and after stop says nothing", () => {
    const it = heartbeat(0);
    clock.advance(60_000);
    expect(rests()).toBe(false);
    expect(beats.length).toBeGreaterThan(55);
    it.stop();
    const before = beats.length;
    it.stir();
    clock.advance(5000);
    expect(beats).toHaveLength(before);
  });

  test("bad options name their key", () => {
    const options = { clock, load: () => ({ pending: 0, calls: 0, errors: 0 }), beat: () => {} };
    expect(() => new Heartbeat({ ...options, intervalMs: 0, restMs: 0 })).toThrow("intervalMs");
    expect(() => new Heartbeat({ ...options, intervalMs: 1, restMs: -1 })).toThrow("restMs");
  });
});
