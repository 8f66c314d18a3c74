import type { Page } from "playwright-core";
import { slope } from "./slope.ts";

/** How much faster than in a page that is left open everything comes that a page asks for or is told about every so often. */
const faster = 20;
/** Shorter pauses are animations and the like, which stay as they are. */
const shortestPauseMs = 200;

/**
 * Makes time pass faster for a page: its timers, and the live feed, whose every graph is told `faster` times. Server,
 * answers and page are the real ones. For `addInitScript`.
 */
export const accelerate = `(() => {
  const wait = window.setTimeout.bind(window);
  const again = window.setInterval.bind(window);
  const shorter = (ms) => (ms >= ${shortestPauseMs} ? ms / ${faster} : ms);
  window.setTimeout = (work, ms = 0, ...rest) => wait(work, shorter(ms), ...rest);
  window.setInterval = (work, ms = 0, ...rest) => again(work, shorter(ms), ...rest);
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, told) {
    const often = (event) => {
      for (let i = 0; i < ${faster}; i++) wait(() => told(event), (i * 1000) / ${faster});
    };
    listen.call(this, name, name === "graph" ? often : told);
  };
})()`;

export interface PageGrowth {
  readonly path: string;
  /** Of the heap, a minute of the page's own time. */
  readonly kibPerMinute: number;
  readonly heapMiB: number;
  /** Elements and listeners at the first look and at the last. */
  readonly nodes: readonly [number, number];
  readonly listeners: readonly [number, number];
}

/** Leaves `path` open for `seconds` of accelerated time, and looks at what it holds after collecting garbage. */
export async function measurePage(
  page: Page,
  url: string,
  path: string,
  seconds: number,
): Promise<PageGrowth> {
  await page.goto(url + path);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const looks: { minutes: number; kib: number; nodes: number; listeners: number }[] = [];
  const begun = performance.now();
  const count = 8;
  for (let look = 0; look <= count; look++) {
    await Bun.sleep((seconds * 1000) / count);
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0;
    const minutes = ((performance.now() - begun) * faster) / 60_000;
    const [nodes, listeners] = [of("Nodes"), of("JSEventListeners")];
    looks.push({ minutes, kib: of("JSHeapUsedSize") / 1024, nodes, listeners });
  }
  await session.detach();
  // The first look is at a page that is still filling its charts and caches.
  const settled = looks.slice(1);
  const [first, last] = [settled[0]!, settled.at(-1)!];
  return {
    path,
    kibPerMinute: slope(settled.map(({ minutes, kib }) => [minutes, kib])),
    heapMiB: last.kib / 1024,
    nodes: [first.nodes, last.nodes],
    listeners: [first.listeners, last.listeners],
  };
}
