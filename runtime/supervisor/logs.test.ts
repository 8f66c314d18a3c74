import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogLine } from "../control/api.ts";
import { errorWords, isOfLogger, parseLogLine } from "./log-line.ts";
import { LogStore } from "./logs.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mc-logs-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const line = (n: number, more: Partial<LogLine> = {}): LogLine => ({
  at: n,
  service: "orders",
  instance: "orders-1",
  level: "info",
  message: `line ${n}`,
  ...more,
});
const messages = (lines: readonly LogLine[]) => lines.map(({ message }) => message);

describe("a line", () => {
  const source = { service: "orders", instance: "orders-1" };

  test("of the worker's logger keeps level, time and fields, but not a lie about who wrote it", () => {
    const text = '{"level":"error","message":"no","at":5,"service":"bank","orderId":"o1"}';
    const fields = { orderId: "o1" };
    expect(parseLogLine(source, "stdout", text, 9)).toEqual({
      at: 5,
      ...source,
      level: "error",
      message: "no",
      fields,
    });
  });

  test("of anything else is text", () => {
    const strange = [
      "",
      "hello",
      "{",
      "{}",
      "null",
      '{"level":"loud","message":"x"}',
      '{"level":"info","message":1}',
    ];
    for (const text of [...strange, '{"level":"constructor","message":"x"}']) {
      expect(parseLogLine(source, "stdout", text, 9)).toEqual({
        at: 9,
        ...source,
        level: "info",
        message: text,
      });
      expect(parseLogLine(source, "stderr", text, 9).level).toBe("warn");
    }
  });

  test("may tell why a worker died", () => {
    expect(errorWords("stderr", "Segmentation fault")).toBe("Segmentation fault");
    expect(errorWords("stderr", " ")).toBeUndefined();
    expect(errorWords("stdout", "fine")).toBeUndefined();
    expect(errorWords("stdout", '{"level":"error","message":"a","stack":"b\\nc"}')).toBe("a: b");
  });
});

describe("memory", () => {
  test("holds the last lines per instance, bounded by number and by size", () => {
    const logs = new LogStore({ directory, ringLines: 3, ringCharacters: 1000 });
    for (let n = 0; n < 10; n += 1) logs.write(line(n));
    logs.write(line(3.5, { instance: "orders-2" }));
    expect(messages(logs.history({}, 100))).toEqual(["line 3.5", "line 7", "line 8", "line 9"]);
    expect(messages(logs.history({ instance: "orders-1" }, 2))).toEqual(["line 8", "line 9"]);
    logs.write(line(11, { message: "x".repeat(5000) }));
    expect(logs.history({ instance: "orders-1" }, 100)).toHaveLength(1);
    expect(logs.history({ service: "catalog" }, 100)).toEqual([]);
    expect(logs.history({}, 0)).toEqual([]);
  });

  test("is asked by level and above", () => {
    const logs = new LogStore({ directory });
    for (const level of ["debug", "info", "notice", "warn", "error"] as const) logs.write(line(0, { level }));
    expect(logs.history({ level: "warn" }, 9).map(({ level }) => level)).toEqual(["warn", "error"]);
  });

  test("refuses bounds that make no sense", () => {
    expect(() => new LogStore({ directory, ringLines: 0 })).toThrow("ringLines");
    expect(() => new LogStore({ directory, files: Number.NaN })).toThrow("files");
  });
});

describe("followers", () => {
  test("get new lines in order until they are closed", async () => {
    const logs = new LogStore({ directory });
    logs.write(line(1));
    const follower = logs.follow({ service: "orders" });
    logs.write(line(2));
    logs.write(line(3, { service: "catalog" }));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { message } of follower) seen.push(message);
    })();
    await Bun.sleep(1);
    logs.write(line(4));
    await logs.stop();
    await reading;
    expect(seen).toEqual(["line 2", "line 4"]);
  });

  test("that do not read hold a bounded number of lines and are told what they missed", async () => {
    const logs = new LogStore({ directory });
    const follower = logs.follow({});
    for (let n = 0; n < 10_005; n += 1) logs.write(line(n));
    const seen: LogLine[] = [];
    follower.close();
    for await (const one of follower) seen.push(one);
    expect(seen).toHaveLength(10_001);
    expect(seen[10_000]).toMatchObject({ service: "supervisor", level: "warn" });
    expect(seen[10_000]?.message).toStartWith("5 lines are missing");
    await logs.stop();
  });
});

describe("what the observer has from nobody else", () => {
  test.each([
    ["stdout", '{"at":1,"level":"info","message":"from the logger"}', true],
    ["stdout", '{"at":1,"level":"info","mess', false],
    ["stdout", '{"level":"info","message":"of another program","at":1}', false],
    ["stdout", "printed", false],
    ["stderr", '{"at":1,"level":"info","message":"no logger writes there"}', false],
    ["stderr", "error: out of memory", false],
  ] as const)("%s %s: of the logger %p", (stream, text, expected) => {
    const parsed = parseLogLine({ service: "orders", instance: "orders-1" }, stream, text, 9);
    expect(isOfLogger(stream, text, parsed)).toBe(expected);
  });

  test("is told, and what it is told of already is not", async () => {
    const untold: LogLine[] = [];
    const logs = new LogStore({ directory: join(directory, "gone"), untold: (one) => untold.push(one) });
    logs.write(line(1), true);
    logs.write(line(2));
    await logs.flush();
    expect(messages(untold)).toEqual(["line 2", expect.stringContaining("orders cannot be written")]);
    await logs.stop();
  });
});

describe("files", () => {
  const lines = (file: string) => readFileSync(join(directory, file), "utf8").trim().split("\n");

  test("are one per service, of lines of JSON", async () => {
    const logs = new LogStore({ directory });
    logs.write(line(1));
    logs.write(line(2, { instance: "orders-2" }));
    logs.write(line(3, { service: "catalog" }));
    await logs.stop();
    expect(lines("orders.ndjson").map((text) => JSON.parse(text))).toEqual([
      line(1),
      line(2, { instance: "orders-2" }),
    ]);
    expect(readdirSync(directory).sort()).toEqual(["catalog.ndjson", "orders.ndjson"]);
    expect(statSync(join(directory, "orders.ndjson")).mode & 0o777).toBe(0o600);
  });

  test("are put aside when they are long, and the oldest is dropped", async () => {
    const logs = new LogStore({ directory, fileBytes: 1000, files: 3 });
    for (let n = 0; n < 100; n += 1) {
      logs.write(line(n));
      // A batch goes into one file; so that there are several, each gets to the disk.
      await logs.flush();
    }
    await logs.stop();
    expect(readdirSync(directory).sort()).toEqual(["orders.ndjson", "orders.ndjson.1", "orders.ndjson.2"]);
    const kept = ["orders.ndjson.2", "orders.ndjson.1", "orders.ndjson"].flatMap(lines);
    expect(JSON.parse(kept[kept.length - 1]!).message).toBe("line 99");
    expect(kept.map((text) => JSON.parse(text).at)).toEqual(kept.map((_, n) => 100 - kept.length + n));
    for (const file of readdirSync(directory))
      expect(statSync(join(directory, file)).size).toBeLessThanOrEqual(1000);
  });

  test("that cannot be written are told of once, and the lines are still in memory", async () => {
    const logs = new LogStore({ directory: join(directory, "gone") });
    for (let n = 0; n < 3; n += 1) {
      logs.write(line(n));
      await logs.flush();
    }
    const told = logs.history({ service: "supervisor" }, 10);
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain("orders cannot be written");
    expect(logs.history({ service: "orders" }, 10)).toHaveLength(3);
    // The place is back: what is missing is told where it is missing.
    mkdirSync(join(directory, "gone"));
    logs.write(line(3));
    await logs.stop();
    expect(lines("gone/orders.ndjson").map((text) => JSON.parse(text).message)).toEqual([
      "3 lines are missing here: the disk was full or slow",
      "line 3",
    ]);
  });
});
