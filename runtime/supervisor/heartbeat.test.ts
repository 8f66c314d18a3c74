/** Whether an instance lives, by its beats and, while it rests, by how it looks from outside; in virtual time. */
import { beforeEach, describe, expect, test } from "bun:test";
import { settle, type VirtualClock } from "../virtual-clock.ts";
import type { FakeLauncher, FakeLink } from "./fixtures/fake-launcher.ts";
import { config, type OneInstance, oneInstance } from "./fixtures/one-instance.ts";
import { HeartbeatMonitor } from "./heartbeat.ts";
import type { Instance } from "./instance.ts";
import type { Pulse } from "./pulse.ts";

/** A death is told once its last message is read, or after this. */
const lastWordsMs = 250;

let clock: VirtualClock;
let launcher: FakeLauncher;
let instance: Instance;
let link: OneInstance["link"];
let becomeReady: OneInstance["becomeReady"];

beforeEach(() => {
  ({ clock, launcher, instance, link, becomeReady } = oneInstance());
});

describe("heartbeat", () => {
  let monitor: HeartbeatMonitor;
  const beat = () =>
    instance.heard({ type: "beat", loopDelayMs: 0, rssBytes: 1, pending: 0, calls: 2, errors: 0 });

  beforeEach(() => {
    monitor = new HeartbeatMonitor({ config, clock, instances: () => [instance] });
    monitor.start();
    instance.start();
  });

  test("one that beats lives; one that is silent is replaced", async () => {
    becomeReady();
    for (let n = 0; n < 20; n += 1) {
      await clock.pass(1000);
      beat();
    }
    expect(instance.info()).toMatchObject({ generation: 1, calls: 2, rssBytes: 1 });
    await clock.pass(2500);
    expect(launcher.last.signals).toEqual([]);
    await clock.pass(1500);
    expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
    expect(instance.info().lastExit).toBe("hung: 3 beats missed");
  });

  test("silence while starting is for the start timeout to judge", async () => {
    link();
    await clock.pass(9000);
    expect(launcher.last.signals).toEqual([]);
  });

  test("a supervisor that slept for an hour kills nobody who beats when it wakes", async () => {
    becomeReady();
    await clock.pass(500);
    beat();
    await clock.stall(3_600_000);
    beat();
    await clock.pass(1000);
    beat();
    await clock.pass(2000);
    expect(launcher.last.signals).toEqual([]);
    expect(instance.phase).toBe("ready");
  });

  test("one that stays silent after the supervisor woke is found then", async () => {
    becomeReady();
    await clock.stall(3_600_000);
    await clock.pass(5000);
    expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
  });

  describe("of one that rests", () => {
    const rest = () =>
      instance.heard({
        type: "beat",
        restMs: 30_000,
        loopDelayMs: 0,
        rssBytes: 1,
        pending: 0,
        calls: 2,
        errors: 0,
      });
    const see = (seen: Pulse | undefined) => {
      launcher.last.seen = seen;
    };
    const well = { waits: true, cpuMs: 20, rssBytes: 7 };
    let control: FakeLink;

    beforeEach(async () => {
      control = becomeReady();
      rest();
      see(well);
      await clock.pass(1000);
    });

    test("is not missed while it is seen to wait, nor is it asked anything; its memory is told all the same", async () => {
      await clock.pass(25_000);
      expect(launcher.last.signals).toEqual([]);
      expect(control.sent).toEqual([]);
      expect(control.probed).toBe(0);
      expect(instance.info()).toMatchObject({ rssBytes: 7, calls: 2 });
    });

    test.each([
      ["stopped from outside", { ...well, waits: false }],
      ["in a loop that sleeps now and then", { ...well, cpuMs: 200 }],
    ])("%s, is asked and then replaced, as soon as one that beats", async (_name, seen) => {
      await clock.pass(9000);
      see(seen);
      await clock.pass(1000);
      expect(control.sent).toEqual([{ type: "rouse" }]);
      expect(launcher.last.signals).toEqual([]);
      await clock.pass(2000);
      expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
      await clock.pass(lastWordsMs);
      expect(instance.info().lastExit).toBe("hung: 3 beats missed");
    });

    test("lives on when it answers that it is awake", async () => {
      see({ ...well, waits: false });
      await clock.pass(1000);
      beat();
      see(well);
      for (let n = 0; n < 5; n += 1) {
        await clock.pass(1000);
        beat();
      }
      expect(control.sent).toEqual([{ type: "rouse" }]);
      expect(launcher.last.signals).toEqual([]);
    });

    test("that does not come back in its time waits for something else than work", async () => {
      await clock.pass(30_000);
      expect(launcher.last.signals).toEqual([]);
      await clock.pass(3000);
      expect(launcher.processes[0]!.signals).toEqual(["SIGKILL"]);
    });

    test("is probed again once it is awake, and at once when a caller complains", async () => {
      await clock.pass(10_000);
      instance.suspected();
      await settle();
      expect(control.probed).toBe(1);
      expect(control.sent).toEqual([{ type: "rouse" }]);
      for (let n = 0; n < 6; n += 1) {
        beat();
        await clock.pass(1000);
      }
      expect(control.probed).toBe(2);
    });

    test("survives a supervisor that slept for an hour", async () => {
      await clock.stall(3_600_000);
      await clock.pass(5000);
      expect(launcher.last.signals).toEqual([]);
    });
  });
});
