import { describe, expect, test } from "bun:test";
import { LineOutput } from "./line-output.ts";
import { JsonLogger } from "./logger.ts";

function logger() {
  const lines: string[] = [];
  return {
    log: new JsonLogger(
      (line) => lines.push(line),
      () => 7,
    ),
    lines,
  };
}

describe("JsonLogger", () => {
  test("one line of JSON, its own members before the fields'", () => {
    const { log, lines } = logger();
    log.notice("hello\nworld", { order: 1, level: "fake", at: 0 });
    expect(lines).toEqual(['{"at":7,"level":"notice","message":"hello\\nworld","order":1}']);
  });

  test("what JSON cannot say", () => {
    const { log, lines } = logger();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info("a", { error: new TypeError("bad"), big: 10n, set: new Set([1]), nothing: undefined });
    log.info("b", cycle);
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).toMatchObject({ big: "10", set: [1], error: expect.stringContaining("TypeError: bad") });
    expect(second).toMatchObject({ message: "b", fields: expect.stringContaining("could not be written") });
  });

  test("10 MB in a line are cut, wherever they are", () => {
    const { log, lines } = logger();
    const huge = "x".repeat(10_000_000);
    log.info(huge);
    log.info("fields", { huge });
    for (const line of lines) expect(line.length).toBeLessThan(70_000);
    expect(JSON.parse(lines[0]!).message).toContain("(10000000 characters)");
    expect(JSON.parse(lines[1]!)).toMatchObject({ message: "fields", cut: expect.any(String) });
  });
});

describe("LineOutput", () => {
  function stream() {
    const written: string[] = [];
    const pending: (() => void)[] = [];
    const write = (text: string, done: () => void) => {
      written.push(text);
      pending.push(done);
    };
    return { write, written, next: () => pending.shift()?.() };
  }

  test("lines of one tick leave in one write, in order", async () => {
    const to = stream();
    const output = new LineOutput(to, String);
    for (const line of ["a", "b", "c"]) output.write(line);
    await Promise.resolve();
    output.write("d");
    to.next();
    expect(to.written).toEqual(["a\nb\nc\n", "d\n"]);
  });

  test("a reader that is slow costs lines and not memory, and the gap is told", async () => {
    const to = stream();
    const output = new LineOutput(to, (count) => `${count} lost`);
    output.write("first");
    await Promise.resolve();
    const line = "x".repeat(10_000);
    for (let i = 0; i < 1000; i++) output.write(line);
    expect(to.written).toEqual(["first\n"]);
    to.next();
    const second = to.written[1] ?? "";
    expect(second.length).toBeLessThan(1_100_000);
    expect(second).toEndWith("896 lost\n");
    to.next();
    output.write("after");
    await Promise.resolve();
    expect(to.written[2]).toBe("after\n");
  });

  test("flush waits for what is written, within its bound", async () => {
    const to = stream();
    const output = new LineOutput(to, String);
    output.write("a");
    await output.flush(1);
    const flushed = output.flush(10_000);
    to.next();
    await flushed;
    await output.flush(10_000);
  });
});
