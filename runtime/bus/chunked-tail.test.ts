import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChunkedTail } from "./chunked-tail.ts";
import { DiskLog, TailCache } from "./disk-log.ts";
import { LogReader } from "./log-reader.ts";
import { MemoryLog } from "./memory-log.ts";
import { RecordWriter, recordId } from "./record.ts";
import { type Block, Store } from "./store.ts";
import type { TopicLog } from "./topic-log.ts";

/** A block of `count` events whose ids are their offsets. */
function block(firstOffset: number, count = 1, dataBytes = 300, time = 1): Block {
  const writer = new RecordWriter();
  for (let offset = firstOffset; offset < firstOffset + count; offset++) {
    const data = new Uint8Array(dataBytes);
    writer.append("t", { id: String(offset), source: "/s", type: "t", time: 1, data });
  }
  const records = writer.take();
  return { firstOffset, count, time, records, keylessBytes: records.length };
}

function expectHolds(log: TopicLog, from: number, to: number, reader = new LogReader(log)): void {
  for (let offset = from; offset < to; offset++) {
    expect(reader.find(offset)).toBe(true);
    expect(recordId(reader.records, reader.at)).toBe(String(offset));
  }
}

describe("the newest records in memory", () => {
  test("lone events share few objects, and what they take is counted whole", () => {
    const tail = new ChunkedTail();
    let counted = 0;
    let records = 0;
    for (let offset = 0; offset < 10_000; offset++) {
      const one = block(offset);
      records += one.records.length;
      counted += tail.append(one);
    }
    expect(tail.chunks).toBeLessThan(80);
    expect(counted).toBeGreaterThan(records);
    expect(counted).toBeLessThan(records * 1.1);
  });

  test("a small part of what a socket received does not keep the rest of it", () => {
    const tail = new ChunkedTail();
    const large = block(0, 100, 500);
    const received = Buffer.concat([Buffer.alloc(1024 * 1024), large.records]);
    tail.append({ ...large, records: received.subarray(1024 * 1024) });
    expect(tail.find(0)!.records.buffer.byteLength).toBeLessThan(large.records.length * 2);
  });

  test("a reader in the middle goes on in a chunk that grows, and any offset is found", () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 4000 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(sizes, (blocks) => {
        const log = new MemoryLog({ maxBytes: 2 ** 30 });
        const reader = new LogReader(log);
        for (const [count, dataBytes] of blocks) {
          const from = log.nextOffset;
          log.append([block(from, count, dataBytes)]);
          expectHolds(log, from, log.nextOffset, reader);
        }
        for (let offset = log.nextOffset - 1; offset >= 0; offset -= 7) expectHolds(log, offset, offset + 1);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a topic in memory", () => {
  test("retention goes by block, not by chunk", () => {
    const log = new MemoryLog({ maxBytes: 2 ** 30, maxAgeMs: 10 });
    for (let offset = 0; offset < 20; offset++) log.append([block(offset, 1, 20, 100 + offset)]);
    expect(log.chunks).toBe(1);
    expect(log.offsetAt(105)).toBe(5);
    log.retain(118);
    expect(log.firstOffset).toBe(8);
    expectHolds(log, 8, 20);
    log.retain(1000);
    expect([log.firstOffset, log.bytes, log.chunks]).toEqual([20, 0, 0]);
    log.append([block(20, 1, 20, 1000)]);
    expectHolds(log, 20, 21);
  });

  test("is bounded in objects as in bytes, however long it runs", () => {
    const maxBytes = 256 * 1024;
    const log = new MemoryLog({ maxBytes });
    for (let offset = 0; offset < 20_000; offset++) log.append([block(offset)]);
    expect(log.bytes).toBeLessThanOrEqual(maxBytes);
    expect(log.chunks).toBeLessThanOrEqual(6);
    expectHolds(log, log.firstOffset, log.nextOffset);
  });
});

test("the cache of topics on disk has its bound, and what it let go comes from the file", () => {
  const store = new Store(":memory:", { fileBytes: 2 ** 30, busyTimeoutMs: 100 });
  const maxBytes = 512 * 1024;
  const cache = new TailCache(maxBytes);
  const logs = ["a", "b", "c"].map((name) => {
    return new DiskLog(store, cache, store.addTopic(name), { retainBlocks: 10 });
  });
  const readers = logs.map((log) => new LogReader(log));
  for (let offset = 0; offset < 3000; offset++) {
    for (const [i, log] of logs.entries()) {
      store.transaction(() => log.append([block(offset)]));
      log.commit();
      expectHolds(log, offset, offset + 1, readers[i]);
    }
    expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
  }
  expect(cache.chunks).toBeLessThan(20);
  for (const log of logs) {
    expectHolds(log, 0, 50);
    expectHolds(log, 0, 3000);
  }
  store.close();
});
