import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../virtual-clock.ts";
import type { ListedTrace, Series, TraceDetail } from "../query.ts";
import { Observer } from "./observer.ts";
import type { ObserverOptions } from "./options.ts";
import { queries } from "./queries.ts";
import { batch, span, traceId } from "./spans-fixture.ts";

let folder: string;
let clock: VirtualClock;
let observer: Observer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-observer-"));
  clock = new VirtualClock();
  observer = opened();
});

afterEach(() => {
  observer.stop();
  rmSync(folder, { recursive: true, force: true });
});

function opened(options: Partial<ObserverOptions> = {}): Observer {
  const made = new Observer({ file: join(folder, "observer.sqlite"), clock, ...options });
  made.start();
  return made;
}

function restarted(options: Partial<ObserverOptions> = {}): void {
  observer.stop();
  observer = opened(options);
}

const ask = <T>(query: string, params: Record<string, string> = {}) => queries[query]!(observer, params) as T;
const traces = (params: Record<string, string> = {}) => ask<ListedTrace[]>("traces", params);
const trace = (id: string) => ask<TraceDetail>("trace", { traceId: id });

function logLine(message: string) {
  return { at: clock.now(), level: "info" as const, message, service: "orders", instance: "orders-1" };
}

describe("the file", () => {
  test("stays within its bound, and the newest is what is kept", () => {
    const retentionBytes = 2 * 1024 * 1024;
    restarted({ retentionBytes });
    const file = join(folder, "observer.sqlite");
    let n = 0;
    for (let second = 0; second < 60; second++) {
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(300))).toString("base64");
      const spans = Array.from({ length: 100 }, () =>
        span({ traceId: traceId(++n), attributes: { a: noise() } }),
      );
      observer.intake.spans(spans);
      observer.intake.logs([logLine(`second ${second} ${noise()}`)], { service: "a", instance: "a-1" });
      clock.advance(1000);
    }
    expect(statSync(file).size).toBeLessThan(retentionBytes * 1.05);
    expect(observer.tally.of("retention")).toBeGreaterThan(1000);
    clock.advance(5000);
    expect(traces({ limit: "1000" }).length).toBeGreaterThan(500);
    expect(traces({ limit: "1" })).toHaveLength(1);
    expect(() => trace(traceId(n))).not.toThrow();
    expect(() => trace(traceId(1))).toThrow("no trace");
  });

  test("stays within its bound when a few workers write more than anybody reads", () => {
    const retentionBytes = 4 * 1024 * 1024;
    restarted({ retentionBytes });
    const lines = Array.from({ length: 4000 }, (_, place) => logLine(`line ${place} of a chatty worker`));
    const bytes: number[] = [];
    for (let tick = 0; tick < 24; tick++) {
      observer.intake.logs(lines, { service: "a", instance: "a-1" });
      clock.advance(250);
      bytes.push(observer.stats().bytes);
    }
    // What came with the last tick, about a MiB, is on top.
    expect(Math.max(...bytes)).toBeLessThan(retentionBytes * 1.4);
    clock.advance(100);
    expect(observer.stats().bytes).toBeLessThan(retentionBytes);
    expect(observer.tally.of("retention") + observer.stats().logsStored).toBe(24 * 4000);
  });

  test("shortens all series alike when metrics take too much of it, before traces give way", () => {
    restarted({ retentionBytes: 6 * 1024 * 1024, maxSeries: 2000 });
    const series = 1200;
    const began = clock.now();
    const kept = span({ traceId: traceId(1), startMs: began });
    observer.intake.spans([kept]);
    for (let second = 0; second < 200; second++) {
      const metrics = Array.from({ length: series }, (_, id) => ({
        name: "c",
        kind: "counter" as const,
        unit: "1",
        labels: { id: String(id) },
        value: 1,
      }));
      observer.intake.batch(batch(second + 1, { at: clock.now(), metrics }), clock.now());
      clock.advance(1000);
    }
    const seconds = (id: number) => {
      const range = { from: String(began), to: String(clock.now()), stepMs: "1000", stat: "rate" };
      const [line] = ask<Series[]>("series", { ...range, metric: "c", where: `id=${id}` });
      return line!.values.filter((value) => value !== null).length;
    };
    const lengths = [0, 300, 600, 900, series - 1].map(seconds);
    expect(Math.max(...lengths)).toBeLessThan(150);
    expect(Math.min(...lengths)).toBeGreaterThan(10);
    // Each was cut at a moment of its own; the first ones alone were cut to a few seconds once.
    expect(Math.max(...lengths) / Math.min(...lengths)).toBeLessThan(2);
    expect(observer.stats().bytes).toBeLessThan(6 * 1024 * 1024);
    expect(trace(traceId(1)).spans).toHaveLength(1);
  });

  test("that is damaged is begun anew; a folder that cannot be is told", () => {
    observer.stop();
    const file = join(folder, "observer.sqlite");
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
    writeFileSync(file, "this is no database".repeat(1000));
    observer = opened();
    expect(traces()).toEqual([]);
    const nowhere = new Observer({ file: join(file, "below", "a.sqlite"), clock });
    expect(() => nowhere.start()).toThrow("cannot be opened");
  });

  test("options say which one is wrong", () => {
    expect(() => new Observer({ file: ":memory:", retentionBytes: 10 })).toThrow("retentionBytes");
    expect(() => new Observer({ file: ":memory:", quietMs: 0 })).toThrow("quietMs");
    expect(() => new Observer({ file: ":memory:", slowMs: Number.NaN })).toThrow("slowMs");
  });
});
