import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { Browser, chromiumPath } from "../../tests/kit/browser.ts";
import type { Figures, PartFacts } from "../peers/part.ts";
import { microcosmVersion, versionOf } from "../peers/side.ts";
import { startReady } from "../processes.ts";
import { fleet, fleetTopology } from "./fleet.ts";
import { measureFrames, measurePaint, measureTraceOpening } from "./frames.ts";
import { sendLargeTrace } from "./large-trace.ts";
import { Traffic } from "./traffic.ts";

export { chromiumPath };

const root = join(import.meta.dir, "..", "..");
const requestsPerSecond = 20_000;
const frameSeconds = 8;
const warmUpMs = 4000;
const largeTraceSpans = 10_000;
const budget = "the budget";
const emptyPage = "an empty page";

/** What the dashboard must reach: see docs/dashboard.md. */
const budgets: Figures = { firstPaintMs: 200, assetsKiB: 300, frameP95Ms: 20, openingMs: 1000 };

export function dashboardFacts(): PartFacts {
  const version = microcosmVersion();
  const chromium = versionOf(["chromium", "--version"], /([\d.]+)/) ?? "";
  return {
    name: "dashboard",
    title: "The page under load",
    load: `${fleet.length} services and ${requestsPerSecond.toLocaleString("en")} requests a second on the map, a headless Chromium that draws by software; frames over ${frameSeconds} s`,
    sides: [
      {
        name: "Microcosm",
        version,
        does: "first paint, frames of the live map, opening of a trace of 10,000 spans",
        config: "bench/dashboard/fleet.ts",
      },
      { name: emptyPage, version: chromium, does: "what the machine did meanwhile", config: "about:blank" },
      { name: budget, version: "", does: "docs/dashboard.md", config: "" },
    ],
  };
}

/**
 * The dashboard in a headless Chromium, which draws by software on the same cores. Fifty services run as real processes,
 * with the real observer, control API and page. Two cores do not carry 20,000 requests a second and a browser besides: what
 * the workers would report of them comes to the observer by OTLP/HTTP (traffic.ts). Frames of an empty page, measured
 * in turns with the map's, tell what the machine did meanwhile.
 */
export async function withDashboard(
  work: (round: () => Promise<Readonly<Record<string, Figures>>>) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const topology = join(directory, "topology.yaml");
  await Bun.write(topology, fleetTopology(join(import.meta.dir, "service")));
  const up = ["up", topology, "--ephemeral", "--port=0", "--control-port=0", "--json"];
  const run = await startReady([process.execPath, join(root, "main.ts"), ...up]);
  try {
    const { control, dashboard } = JSON.parse(run.line) as { control: string; dashboard: string };
    const token = new URL(dashboard).searchParams.get("token")!;
    const traffic = new Traffic(control, token, requestsPerSecond);
    traffic.start();
    try {
      await using browser = await Browser.open({ staysOnSigint: true });
      await browser.page.goto(dashboard);
      await work(async () => {
        const figures = await measureRound(browser.page, control, token);
        if (browser.errors.length > 0) throw new Error(`the page said: ${browser.errors.join("; ")}`);
        return figures;
      });
    } finally {
      traffic.stop();
    }
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureRound(
  page: Page,
  control: string,
  token: string,
): Promise<Readonly<Record<string, Figures>>> {
  const paint = await measurePaint(page, `${control}/map`);
  const assetsKiB = await weighAssets(page, control);
  await page.goto("about:blank");
  const empty = await measureFrames(page, frameSeconds);
  await page.goto(`${control}/map`);
  await page.locator("[data-edge='gateway call storefront'].busy").waitFor({ state: "attached" });
  await Bun.sleep(warmUpMs);
  const map = await measureFrames(page, frameSeconds);
  const traceId = await sendLargeTrace(control, token, largeTraceSpans);
  await page.goto(`${control}/traces?route=GET%20/large`);
  await page.locator(`a[href="/traces/${traceId}"]`).waitFor();
  const openingMs = await measureTraceOpening(page, traceId);
  return { Microcosm: { ...paint, assetsKiB, ...map, openingMs }, [emptyPage]: empty, [budget]: budgets };
}

/** Scripts and styles of a first visit, each gzipped. */
async function weighAssets(page: Page, control: string): Promise<number> {
  let bytes = 0;
  const html = await (await page.request.get(`${control}/map`)).text();
  for (const [, path] of html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)) {
    bytes += gzipSync(await (await page.request.get(control + path)).body()).length;
  }
  return bytes / 1024;
}
