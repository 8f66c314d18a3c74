import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { EventRecord } from "./broker.ts";
import { encodeData } from "./data.ts";
import { DeliveryWriter, readDeliveries } from "./delivery.ts";
import { areRecords, EventReader, RecordWriter, recordId, recordKey, recordLength } from "./record.ts";

const short = fc.string({ unit: "grapheme", maxLength: 20 });
const optional = fc.option(short, { nil: undefined });
const anyRecord: fc.Arbitrary<{ record: EventRecord; data: unknown }> = fc
  .record({
    id: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    source: short,
    type: fc.oneof(short, fc.constant("topic")),
    time: fc.integer({ min: 0, max: 8.64e15 }),
    subject: optional,
    key: optional,
    traceparent: optional,
    sameKey: fc.boolean(),
    // A member named __proto__ is renamed by msgpackr, so that data from elsewhere cannot reach a prototype.
    data: fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__")),
  })
  .map(({ data, sameKey, ...rest }) => ({
    record: { ...rest, key: sameKey ? rest.subject : rest.key, data: encodeData(data) },
    data,
  }));

function written(records: readonly EventRecord[]): Buffer {
  const writer = new RecordWriter();
  for (const record of records) writer.append("topic", record);
  return writer.take();
}

describe("record", () => {
  test("is read as it was written, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 5 }), (all) => {
        const buffer = written(all.map(({ record }) => record));
        expect(areRecords(buffer, 0, buffer.length, all.length)).toBe(true);
        const reader = new EventReader();
        let at = 0;
        all.forEach(({ record, data }, i) => {
          const { id, source, type, time, subject, key, traceparent } = record;
          const event = reader.read(buffer, at, "topic", i, 2);
          // toEqual takes a missing member for undefined, and -0 comes back as 0 from JSON values.
          expect(event).toEqual({
            id,
            source,
            type,
            time: new Date(time).toISOString(),
            topic: "topic",
            offset: i,
            delivery: 2,
            data: event.data,
            ...(subject !== undefined && { subject }),
            ...(key !== undefined && { key }),
            ...(traceparent !== undefined && { traceparent }),
          });
          expect(JSON.stringify(event.data)).toBe(JSON.stringify(data));
          expect(recordId(buffer, at)).toBe(id);
          const comparable = recordKey(buffer, at);
          expect(comparable === undefined ? undefined : Buffer.from(comparable, "latin1").toString()).toBe(
            key,
          );
          at += recordLength(buffer, at);
        });
      }),
    );
  });

  test("different keys never look alike to the broker", () => {
    fc.assert(
      fc.property(short, short, (a, b) => {
        const base = { id: "i", source: "s", type: "t", time: 0, data: encodeData(null) };
        const buffer = written([
          { ...base, key: a },
          { ...base, key: b },
        ]);
        expect(recordKey(buffer, 0) === recordKey(buffer, recordLength(buffer, 0))).toBe(a === b);
      }),
    );
  });

  test("garbage, truncation and wrong counts are found before anything is read", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 5 }), (bytes, count) => {
        const buffer = Buffer.from(bytes);
        if (areRecords(buffer, 0, buffer.length, count)) expect(bytes.length === 0).toBe(count === 0);
        readDeliveries(buffer, count, () => {});
      }),
    );
    const two = written(
      [1, 2].map((n) => ({ id: `${n}`, source: "s", type: "t", time: 0, data: encodeData(n) })),
    );
    expect(areRecords(two, 0, two.length, 2)).toBe(true);
    expect(areRecords(two, 0, two.length, 1)).toBe(false);
    expect(areRecords(two, 0, two.length, 3)).toBe(false);
    for (let cut = 0; cut < two.length; cut++) expect(areRecords(two, 0, cut, 2)).toBe(false);
    // A length of 4 GiB, and string lengths that reach beyond the record.
    const huge = Buffer.from(two);
    huge.writeUInt32LE(0xffffffff, 0);
    expect(areRecords(huge, 0, huge.length, 2)).toBe(false);
    const reaching = Buffer.from(two);
    reaching.writeUInt16LE(0xffff, 12);
    expect(areRecords(reaching, 0, reaching.length, 2)).toBe(false);
  });

  test("deliveries carry offset, count and error", () => {
    const records = written([{ id: "x", source: "s", type: "t", time: 0, data: encodeData(1) }]);
    const writer = new DeliveryWriter();
    writer.append(2 ** 40, 70_000, "ein Fehler: ü", records, 0);
    writer.append(0, 1, undefined, records, 0);
    const body = writer.take();
    const read: unknown[] = [];
    const visit = (offset: number, delivery: number, error: string | undefined, at: number) => {
      read.push([offset, delivery, error, recordId(body, at)]);
    };
    expect(readDeliveries(body, 2, visit)).toBe(true);
    expect(read).toEqual([
      [2 ** 40, 65_535, "ein Fehler: ü", "x"],
      [0, 1, undefined, "x"],
    ]);
    expect(readDeliveries(body.subarray(0, body.length - 1), 2, () => {})).toBe(false);
    // The writer went on to another buffer: what was taken stays as it was.
    const copy = Buffer.from(body);
    writer.append(9, 9, "other", records, 0);
    expect(body.equals(copy)).toBe(true);
  });
});
