import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Browser } from "../../tests/kit/browser.ts";
import { formatSpread, spread } from "../measure.ts";
import { startReady } from "../processes.ts";
import { type Budget, budgets, type Measured, missed } from "./budgets.ts";
import { fleetTopology } from "./fleet.ts";
import { type Frames, measureFrames, measurePaint, measureTraceOpening } from "./frames.ts";
import { sendLargeTrace } from "./large-trace.ts";
import { Traffic } from "./traffic.ts";

export interface DashboardBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
}

const root = join(import.meta.dir, "..", "..");
const warmUpMs = 4000;
const largeTraceSpans = 10_000;

/**
 * The dashboard in a headless Chromium, which draws by software on the same cores. Fifty services run as real processes,
 * with the real observer, control API and page. Two cores do not carry 20,000 requests a second and a browser besides: what
 * the workers would report of them comes to the observer by OTLP/HTTP (traffic.ts). Frames of an empty page, measured
 * in turns with the map's, tell what the machine did meanwhile.
 *
 * Returns whether all budgets were held, and has told of each that was not.
 */
export async function benchDashboard(options: DashboardBenchOptions): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const topology = join(directory, "topology.yaml");
  await Bun.write(topology, fleetTopology(join(import.meta.dir, "part")));
  const up = ["up", topology, "--ephemeral", "--port=0", "--control-port=0", "--json"];
  const run = await startReady([process.execPath, join(root, "main.ts"), ...up]);
  try {
    const { control, dashboard } = JSON.parse(run.line) as { control: string; dashboard: string };
    const token = new URL(dashboard).searchParams.get("token")!;
    const traffic = new Traffic(control, token, options.rate);
    traffic.start();
    try {
      await using browser = await Browser.open();
      await browser.page.goto(dashboard);
      const measured: Measured = {
        ...(await benchPaint(browser, control, options.rounds)),
        frames: await benchMap(browser, control, options),
        largeTrace: await benchLargeTrace(browser, control, token, options.rounds),
      };
      if (browser.errors.length > 0) throw new Error(`the page said: ${browser.errors.join("; ")}`);
      return verdict(measured);
    } finally {
      traffic.stop();
    }
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function line(what: string, text: string): void {
  process.stdout.write(`${what.padEnd(34)} ${text}\n`);
}

function verdict(measured: Measured): boolean {
  const misses = missed(measured);
  for (const miss of misses) process.stdout.write(`${miss}\n`);
  if (misses.length === 0) process.stdout.write("all budgets held\n");
  return misses.length === 0;
}

function budgetOf(name: Budget): string {
  return `(budget ≤ ${budgets[name].most})`;
}

async function benchPaint(
  { page }: Browser,
  control: string,
  rounds: number,
): Promise<Pick<Measured, "firstPaint" | "assets">> {
  const first: number[] = [];
  const contentful: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { firstPaintMs, contentfulMs } = await measurePaint(page, `${control}/map`);
    first.push(firstPaintMs);
    contentful.push(contentfulMs);
  }
  const paint = spread(first);
  line("first paint", `${formatSpread(paint, 0)} ms ${budgetOf("firstPaint")}`);
  line("first contentful paint", `${formatSpread(spread(contentful), 0)} ms`);
  let bytes = 0;
  const html = await (await page.request.get(`${control}/map`)).text();
  for (const [, path] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)) {
    bytes += gzipSync(await (await page.request.get(control + path)).body()).length;
  }
  const assets = bytes / 1024;
  line("scripts and styles, gzipped", `${assets.toFixed(0)} KB ${budgetOf("assets")}`);
  return { firstPaint: paint.median, assets };
}

async function benchMap({ page }: Browser, control: string, options: DashboardBenchOptions): Promise<number> {
  const map: Frames[] = [];
  const empty: Frames[] = [];
  for (let round = 0; round < options.rounds; round++) {
    await page.goto("about:blank");
    empty.push(await measureFrames(page, options.seconds));
    await page.goto(`${control}/map`);
    await page.locator("[data-edge='gateway call storefront'].busy").waitFor({ state: "attached" });
    await Bun.sleep(warmUpMs);
    map.push(await measureFrames(page, options.seconds));
  }
  for (const [name, rounds] of [["map", map] as const, ["empty page", empty] as const]) {
    const of = (pick: (frames: Frames) => number) => formatSpread(spread(rounds.map(pick)), 1);
    const budget = name === "map" ? ` p95 ${budgetOf("frames")}` : "";
    line(
      `frames, ${name}`,
      `p50 ${of((f) => f.p50Ms)}  p95 ${of((f) => f.p95Ms)}  p99 ${of((f) => f.p99Ms)} ms${budget}`,
    );
  }
  return spread(map.map((frames) => frames.p95Ms)).median;
}

async function benchLargeTrace(
  { page }: Browser,
  control: string,
  token: string,
  rounds: number,
): Promise<number> {
  const opened: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const traceId = await sendLargeTrace(control, token, largeTraceSpans);
    await page.goto(`${control}/traces?route=GET%20/large`);
    await page.locator(`a[href="/traces/${traceId}"]`).waitFor();
    opened.push(await measureTraceOpening(page, traceId));
  }
  const opening = spread(opened);
  line(budgets.largeTrace.what, `${formatSpread(opening, 0)} ms ${budgetOf("largeTrace")}`);
  return opening.median;
}
