import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { systemClock } from "../clock.ts";
import type { LiveGraph, TimelineEntry } from "../telemetry/query.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { LiveFeed } from "./live-feed.ts";
import { Timeline } from "./timeline.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const graph = (at: number): LiveGraph => ({ at, nodes: [], edges: [] });

/** Events of one read, as [name, data]. */
function events(bytes: Uint8Array | undefined): [string, LiveGraph & TimelineEntry][] {
  const text = new TextDecoder().decode(bytes);
  return [...text.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map((match) => [match[1]!, JSON.parse(match[2]!)]);
}

test("one question an interval for all that watch; a slow one gets the newest only", async () => {
  const clock = new VirtualClock();
  const timeline = new Timeline(clock);
  let [asked, skipped] = [0, 0];
  const feed = new LiveFeed({
    graph: async () => graph(++asked),
    timeline: (told) => timeline.listen(told),
    clock,
    skipped: () => skipped++,
  });
  const ending = new AbortController();
  await clock.pass(5000);
  expect(asked).toBe(0);
  const fast = feed.response(ending.signal).body!.getReader();
  const slow = feed.response(ending.signal).body!.getReader();
  expect(new TextDecoder().decode((await fast.read()).value)).toStartWith("retry:");
  const seen: number[] = [];
  for (let second = 0; second < 50; second++) {
    timeline.action({ text: `act ${second}` });
    await clock.pass(1000);
    for (const [name, data] of events((await fast.read()).value)) if (name === "graph") seen.push(data.at);
  }
  for (let more = 0; more < 200; more++) timeline.action({ text: `more ${more}` });
  expect(asked).toBe(51);
  expect(seen.length).toBeGreaterThan(45);
  const late = events((await slow.read()).value);
  expect(late.filter(([name]) => name === "graph").map(([, data]) => data.at)).toEqual([51]);
  const entries = late.filter(([name]) => name === "timeline").map(([, data]) => data.text);
  expect(entries).toHaveLength(100);
  expect(entries.at(-1)).toBe("more 199");
  // Of the slow one 50 graphs and 150 entries; the fast one saw none of the last 100 either, and not each graph perhaps.
  expect(skipped).toBe(50 + 150 + (51 - seen.length - 1) + 100);
  await fast.cancel();
  expect(feed.watchers).toBe(1);
  const end = slow.read();
  ending.abort();
  expect((await end).done).toBe(true);
  expect(feed.watchers).toBe(0);
  await clock.pass(10_000);
  expect(asked).toBe(51);
  expect(clock.timers).toBe(0);
});

test("an observer that is away does not end the feed", async () => {
  const clock = new VirtualClock();
  let fails = true;
  const feed = new LiveFeed({
    graph: async () => {
      if (fails) throw new Error("away");
      return graph(7);
    },
    timeline: () => () => {},
    clock,
  });
  const ending = new AbortController();
  const reader = feed.response(ending.signal).body!.getReader();
  await reader.read();
  await clock.pass(1000);
  fails = false;
  await clock.pass(1000);
  expect(events((await reader.read()).value).map(([name, { at }]) => [name, at])).toEqual([["graph", 7]]);
  ending.abort();
});

test("a browser that never reads holds no memory", async () => {
  // 256 KiB a graph: within a second more than all buffers of a socket.
  const filling = "x".repeat(256 * 1024);
  let [asked, skipped] = [0, 0];
  const feed = new LiveFeed({
    graph: async () => ({ ...graph(++asked), filling }),
    timeline: () => () => {},
    clock: systemClock,
    intervalMs: 1,
    skipped: () => skipped++,
  });
  const ending = new AbortController();
  let made = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: () => {
      const { body } = feed.response(ending.signal);
      const counted = new TransformStream<Uint8Array, Uint8Array>(
        {
          transform(chunk, controller) {
            made += chunk.length;
            controller.enqueue(chunk);
          },
        },
        { highWaterMark: 0 },
        { highWaterMark: 0 },
      );
      return new Response(body!.pipeThrough(counted), { headers: { "content-type": "text/event-stream" } });
    },
  });
  cleanups.push(() => server.stop(true));
  const socket = connect(server.port!, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (asked < 300) await Bun.sleep(5);
  const before = made;
  while (asked < 600) await Bun.sleep(5);
  ending.abort();
  // What the kernel and the server take before they say stop; of 600 graphs it is a fraction.
  expect(before).toBeLessThan(40 * filling.length);
  expect(made).toBe(before);
  expect(skipped).toBeGreaterThan(500);
});
