/** What the charts are of: the line of the heat map, and the stretch of time. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import axe, { type AxeResults } from "axe-core";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Run } from "../kit/run.ts";

const testTimeoutMs = 120_000;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("charts", () => {
  let run: Run;
  let load: ReturnType<typeof setInterval>;
  beforeAll(async () => {
    run = await Run.start();
    const look = () => fetch(`${run.gateway}/v1/products?limit=5`).then((answer) => answer.arrayBuffer());
    load = setInterval(() => void look().catch(() => undefined), 100);
  }, testTimeoutMs);
  afterAll(async () => {
    clearInterval(load);
    await run?.stop();
  });

  test(
    "the heat map is of an edge, an instance or a route, as the lines are",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      const heat = page.getByLabel("Latency of", { exact: true });
      const asked: string[] = [];
      page.on("request", (request) => {
        const { pathname, searchParams } = new URL(request.url());
        if (pathname.endsWith("/heatmap")) asked.push(searchParams.getAll("where").join(" & "));
      });
      for (const [by, name, where] of [
        ["edge", "gateway → catalog", "service=gateway & to=catalog"],
        ["instance", "catalog-1", "instance=catalog-1"],
        ["route", "GET /v1/products", "route=GET /v1/products"],
        ["service", "catalog", "service=catalog"],
      ] as const) {
        await page.goto(`${run.control}/charts?range=1m&by=${by}`);
        await heat.locator("option", { hasText: name }).first().waitFor({ state: "attached" });
        await heat.selectOption(name);
        await page.locator(`.heatmap canvas[aria-label="Latency of ${name} over time"]`).waitFor();
        expect(new URL(page.url()).searchParams.get("heat")).toBe(name);
        expect(asked).toContain(where);
        await browser.shoot(`metrics-by-${by}-light`);
      }
      // The address alone brings the same map back.
      await page.reload();
      await page.locator('.heatmap canvas[aria-label="Latency of catalog over time"]').waitFor();
      expect(await faultsOf(browser)).toEqual([]);
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );
});

/** Rules that are broken seriously or critically, with where. */
async function faultsOf({ page }: Browser): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 200)}`));
}
