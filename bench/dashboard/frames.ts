/** What runs in the page, to be measured there. */
import type { Page } from "playwright-core";

export type Frames = Readonly<Record<"frameP50Ms" | "frameP95Ms" | "frameP99Ms", number>>;

/** Between the callbacks of requestAnimationFrame: what an animation in this page gets. */
export async function measureFrames(page: Page, seconds: number): Promise<Frames> {
  const script = `new Promise((resolve) => {
    const deltas = [];
    let last = 0;
    let begun = 0;
    const frame = (now) => {
      if (begun === 0) begun = now;
      else deltas.push(now - last);
      last = now;
      if (now - begun < ${seconds * 1000}) requestAnimationFrame(frame);
      else resolve(deltas);
    };
    requestAnimationFrame(frame);
  })`;
  const deltas = (await page.evaluate<number[]>(script)).sort((a, b) => a - b);
  const at = (share: number) =>
    deltas[Math.min(deltas.length - 1, Math.ceil(deltas.length * share) - 1)] ?? 0;
  return { frameP50Ms: at(0.5), frameP95Ms: at(0.95), frameP99Ms: at(0.99) };
}

export type Paint = Readonly<Record<"firstPaintMs" | "contentfulMs", number>>;

/** From the start of the navigation, as the browser itself tells. */
export async function measurePaint(page: Page, url: string): Promise<Paint> {
  await page.goto(url);
  const script = `new Promise((resolve) => {
    const look = () => {
      const found = performance.getEntriesByType("paint");
      const at = (name) => found.find((entry) => entry.name === name)?.startTime;
      const first = at("first-paint");
      const contentful = at("first-contentful-paint");
      if (first !== undefined && contentful !== undefined) resolve([first, contentful]);
      else requestAnimationFrame(look);
    };
    look();
  })`;
  const [firstPaintMs, contentfulMs] = await page.evaluate<[number, number]>(script);
  return { firstPaintMs, contentfulMs };
}

/** From the click on a link in the list to the frame in which the trace's rows are in the page. */
export async function measureTraceOpening(page: Page, traceId: string): Promise<number> {
  const script = `new Promise((resolve) => {
    const begun = performance.now();
    document.querySelector('a[href="/traces/${traceId}"]').click();
    const look = () => {
      if (document.querySelector(".waterfall-row") === null) requestAnimationFrame(look);
      else requestAnimationFrame(() => resolve(performance.now() - begun));
    };
    requestAnimationFrame(look);
  })`;
  return await page.evaluate<number>(script);
}
