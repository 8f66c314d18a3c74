import { expect, test } from "bun:test";
import type { Recorder } from "../telemetry/recorder/recorder.ts";
import { recordLogs } from "./log-records.ts";
import { JsonLogger } from "./logger.ts";
import { ScopedLogger } from "./scoped-logger.ts";

const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const angry = {
  get total(): number {
    throw new Error("not now");
  },
};
const mute = { toString: () => Object.create(null) };
const muter = {
  get total(): number {
    throw Object.create(null);
  },
};

function logger(request?: object) {
  const lines: string[] = [];
  const records: object[] = [];
  const json = new JsonLogger(
    (line) => lines.push(line),
    () => 7,
  );
  json.tap = recordLogs({ log: (record: object) => records.push(record) } as unknown as Recorder);
  return { log: new ScopedLogger(json, () => request as never), lines, records };
}

test("a field that throws when it is read does not throw into the handler", () => {
  for (const fields of [angry, muter]) {
    for (const request of [undefined, { requestId: "r", traceparent }]) {
      const { log, lines, records } = logger(request);
      log.info("placed", fields);
      const known = { message: "placed", fields: expect.stringContaining("could not be written") };
      expect(JSON.parse(lines[0]!)).toMatchObject(known);
      expect(records).toMatchObject([{ message: "placed", fields: { fields: known.fields } }]);
    }
  }
});

test("the line of such a field has its trace all the same", () => {
  const { log, lines, records } = logger({ requestId: "r", traceparent });
  log.error("placed", angry);
  expect(JSON.parse(lines[0]!)).toMatchObject({ requestId: "r", traceId: "a".repeat(32) });
  expect(records).toMatchObject([{ traceId: "a".repeat(32), spanId: "b".repeat(16) }]);
});

test("nor do a message without a text, and fields that are none", () => {
  const { log, lines } = logger();
  log.warn(mute as unknown as string, null as never);
  expect(JSON.parse(lines[0]!)).toMatchObject({ message: "(no text)" });
});
