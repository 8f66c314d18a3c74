/** What nobody should send is taken as far as it can be, and what was changed or left out is counted and shown. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../virtual-clock.ts";
import { LogBuffer } from "../recorder/log-buffer.ts";
import { Observer } from "./observer.ts";
import { OtlpReceiver } from "./otlp/receiver.ts";
import { batch, span, spanId, traceId } from "./spans-fixture.ts";

const hourMs = 3_600_000;
const source = { service: "orders", instance: "orders-1" };

let folder: string;
let clock: VirtualClock;
let opened: Observer[];
let observer: Observer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-observer-"));
  clock = new VirtualClock();
  opened = [];
  observer = open();
});

afterEach(() => {
  for (const one of opened) one.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Observer {
  const made = new Observer({ file: join(folder, "observer.sqlite"), clock });
  made.start();
  opened.push(made);
  return made;
}

const counts = () => observer.tally.toJSON();

function line(message: string, fields?: Record<string, unknown>) {
  return { at: clock.now(), level: "info", message, ...source, ...(fields === undefined ? {} : { fields }) };
}

describe("what was counted", () => {
  test("is known to the next observer, though this one is killed", () => {
    observer.intake.batch("no batch", clock.now());
    observer.intake.spans([
      span({ spanId: spanId(2), parentSpanId: spanId(1) }),
      span({ spanId: spanId(3), parentSpanId: spanId(4) }),
    ]);
    clock.advance(10_000);
    expect(counts()).toEqual({ malformed: 1, orphan: 1 });
    // The first says nothing any more, as if it were gone.
    observer = open();
    expect(counts()).toEqual({ malformed: 1, orphan: 1 });
    expect(observer.stats().dropped).toEqual({ malformed: 1, orphan: 1 });
    observer.intake.batch("no batch", clock.now());
    observer.stop();
    observer = open();
    expect(counts()).toEqual({ malformed: 2, orphan: 1 });
  });

  test("is one sum when it is old", () => {
    for (let hour = 0; hour < 100; hour++) {
      observer.intake.batch("no batch", clock.now());
      clock.advance(hourMs);
    }
    expect(observer.store.counts.sums()).toEqual({ malformed: 100 });
    expect(observer.store.counts.rows).toBeLessThan(60);
  });
});

test("attributes and events beyond their bounds are left out, and the span and the counts say so", () => {
  const attributes = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`a${n}`, n]));
  const event = { name: "e", at: clock.now(), attributes: { ...attributes, text: "x".repeat(9000) } };
  const events = [event, ...Array.from({ length: 299 }, () => ({ ...event, attributes: {} })), "no event"];
  const sent = {
    ...span({ attributes: { ...attributes, list: [] as never } }),
    events,
    dropped: { links: 2, attributes: 5 },
  };
  observer.intake.spans([sent, span({ spanId: spanId(2), attributes: { long: "y".repeat(9000) } })]);
  const { spans } = observer.trace(traceId(1))!;
  const [cut, long] = spans;
  expect(Object.keys(cut!.attributes)).toHaveLength(128);
  expect(cut!.events).toHaveLength(256);
  expect(cut!.dropped).toEqual({ attributes: 73 + 5, events: 45, links: 2 });
  expect(long!.attributes.long).toEndWith("… (9000 characters)");
  expect(long!.dropped).toBeUndefined();
  // Of the first: 73 attributes, 45 events, 73 attributes of its first event; of the second one that was cut.
  expect(counts()).toEqual({ attributes: 73 + 45 + 73 + 1 });
});

test("labels that are too long are cut, and counted", () => {
  const point = { name: "n", kind: "counter", unit: "", labels: { a: "x".repeat(300) }, value: 1 };
  observer.intake.points([point], source, clock.now(), clock.now());
  expect(counts()).toEqual({ attributes: 1 });
});

test("text that is no Unicode is mended, and counted: once a record, or a document", () => {
  observer.intake.logs([line("half a pair: \ud800", { a: "\udc00" }), line("whole: \ufffd")], source);
  expect(counts()).toEqual({ mended: 1 });
  observer.intake.spans([span({ name: "\ud800", attributes: { "\ud800": 1 } })]);
  expect(counts()).toEqual({ mended: 2 });
  const receiver = new OtlpReceiver(observer.intake, observer.tally, clock.now());
  const body = (text: string, broken: readonly number[]) => {
    const [before = "", after = ""] = text.split("#");
    return Buffer.concat([Buffer.from(before), Buffer.from(broken), Buffer.from(after)]);
  };
  const json = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a#b"}}]}]}]}';
  receiver.take("logs", "json", body(json, [0xff]), clock.now());
  expect(counts()).toEqual({ mended: 3 });
  receiver.take("logs", "json", body(json, [0xef, 0xbf, 0xbd]), clock.now());
  expect(counts()).toEqual({ mended: 3 });
  // ResourceLogs, ScopeLogs, LogRecord, body, stringValue, by their lengths.
  const protobuf = (text: readonly number[]) => {
    const wrapped = (tag: number, bytes: readonly number[]) => [tag, bytes.length, ...bytes];
    return Uint8Array.from(wrapped(10, wrapped(18, wrapped(18, wrapped(42, wrapped(10, text))))));
  };
  receiver.take("logs", "protobuf", protobuf([0x61, 0xc3, 0x28]), clock.now());
  expect(counts()).toEqual({ mended: 4 });
  receiver.take("logs", "protobuf", protobuf([0x61, 0xef, 0xbf, 0xbd]), clock.now());
  expect(counts()).toEqual({ mended: 4 });
  clock.advance(1000);
  expect(observer.store.logs.list({}).map(({ message }) => message)).toEqual([
    "a\ufffd",
    "a\ufffd(",
    "a\ufffdb",
    "a\ufffdb",
    "whole: \ufffd",
    "half a pair: \ufffd",
  ]);
});

test("a line that a worker cut is counted, and once", () => {
  const logs = new LogBuffer(10, 10_000_000);
  logs.add(line("x".repeat(10_000_000)) as never);
  logs.add(line("hello", { big: "y".repeat(10_000_000) }) as never);
  logs.add(line("begins …") as never, true);
  logs.add(line("whole") as never);
  const dropped = { spans: 0, logs: 0, metrics: 0, unsampled: 0, cut: logs.takeCut() };
  const taken = logs.take(10, 10_000_000);
  observer.intake.batch(batch(1, { logs: taken, dropped }), clock.now());
  expect(counts()).toEqual({ truncated: 3 });
  expect(logs.takeCut()).toBe(0);
  clock.advance(1000);
  const messages = observer.store.logs.list({}).map(({ message }) => message);
  expect(messages).toContain(`${"x".repeat(64 * 1024)}… (10000000 characters)`);
});

test("traces of processes whose clocks disagree are counted, once each", () => {
  const call = span({ spanId: spanId(1), kind: "client", durationMs: 10 });
  const served = { parentSpanId: spanId(1), instance: "far-1" };
  const late = span({ ...served, spanId: spanId(2), startMs: call.startMs + hourMs });
  const right = span({ ...served, spanId: spanId(3), startMs: call.startMs + 1 });
  observer.intake.spans([call, right]);
  clock.advance(10_000);
  expect(counts()).toEqual({});
  observer.intake.spans([late]);
  clock.advance(10_000);
  observer.intake.spans([{ ...late, spanId: spanId(4) }]);
  clock.advance(10_000);
  expect(counts()).toEqual({ clocks: 1, late: 2 });
});

test("of a flood of lines all are kept in their order, whatever is written at once", () => {
  const lines = Array.from({ length: 19_000 }, (_, n) => line(`line ${n}`));
  observer.intake.logs(lines, source);
  clock.advance(5000);
  expect(observer.store.logs.lines).toBe(19_000);
  const [newest] = observer.store.logs.list({ limit: 1 });
  expect(newest?.message).toBe("line 18999");
  expect(counts()).toEqual({});
});
