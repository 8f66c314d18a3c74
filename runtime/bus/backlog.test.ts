import { expect, test } from "bun:test";
import fc from "fast-check";
import { Backlog } from "./backlog.ts";
import { MemoryLog } from "./memory-log.ts";
import { areRecords, RecordWriter, recordId } from "./record.ts";
import { Run } from "./run.ts";
import { emptyState } from "./subscription-state.ts";
import { type Staged, toBlocks } from "./topic-log.ts";

/** Events whose ids are their offsets; `keyed`: the first of them has a key. */
function staged(first: number, count: number, dataBytes: number, keyed: boolean): Staged {
  const writer = new RecordWriter();
  for (let offset = first; offset < first + count; offset++) {
    const key = keyed && offset === first ? { key: "k" } : {};
    const data = new Uint8Array(dataBytes);
    writer.append("t", { id: String(offset), source: "/s", type: "t", time: 1, data, ...key });
  }
  return { records: writer.take(), count, keyless: !keyed };
}

const publish = fc.record({
  counts: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 3 }),
  dataBytes: fc.integer({ min: 0, max: 300 }),
  keyed: fc.boolean(),
  /** What is read and acknowledged before the next publish. */
  reads: fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 4 }),
});

test("each event is read once and in order, in runs that hold what they say, however it was published", () => {
  fc.assert(
    fc.property(
      fc.array(publish, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 50, max: 2000 }),
      (publishes, windowEvents) => {
        const log = new MemoryLog({ maxBytes: 1e9 });
        const backoff = { firstMs: 1, maxMs: 1 };
        const settings = { windowEvents, windowBytes: 1e6, replayEvents: 1, ackTimeoutMs: 1, backoff };
        const backlog = new Backlog(log, settings, { cursor: 0, skipped: 0, state: emptyState });
        let next = 0;
        const read = (most: number) => {
          const held = backlog.read(most, 0, 5);
          if (held === undefined) return false;
          const [records, from, count] =
            held instanceof Run ? [held.records, held.from, held.count] : [held.records, held.at, 1];
          expect(held.offset).toBe(next);
          expect(count).toBeLessThanOrEqual(most);
          expect(recordId(records, from)).toBe(String(next));
          if (held instanceof Run) {
            expect(areRecords(records, from, held.to, count)).toBe(true);
            const last = held.offset + count - 1;
            expect(recordId(records, held.locate(last))).toBe(String(last));
          }
          expect(backlog.cursor).toBe(next);
          next += count;
          for (let offset = next - 1; offset >= next - count; offset--) backlog.done(offset);
          return true;
        };
        for (const { counts, dataBytes, keyed, reads } of publishes) {
          let offset = log.nextOffset;
          const parts = counts.map((count, i) => {
            const part = staged(offset, count, dataBytes, keyed && i === 0);
            offset += count;
            return part;
          });
          log.append(toBlocks(parts, log.nextOffset, 1, 64 * 1024));
          for (const most of reads) read(most);
        }
        for (let more = true; more; ) more = read(500);
        expect(next).toBe(log.nextOffset);
        expect(backlog.lag).toBe(0);
        expect(backlog.full).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});
