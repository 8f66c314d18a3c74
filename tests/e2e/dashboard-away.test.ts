/** A page that was in the background, or had lost its connection, has what happened meanwhile when one comes back to it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Run } from "../kit/run.ts";

const testTimeoutMs = 120_000;
const writtenAfterMs = 1500;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("a page gone back to", () => {
  let run: Run;
  beforeAll(async () => {
    run = await Run.start();
  }, testTimeoutMs);
  afterAll(async () => {
    await run?.stop();
  });

  test(
    "has the entries of the timeline from meanwhile, and its charts their marks",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      await page.getByRole("link", { name: "Timeline" }).click();
      await page
        .getByText(/starting → ready/)
        .first()
        .waitFor();
      await hide(page, true);
      expect((await run.cli("scale", "catalog=2")).code).toBe(0);
      await Bun.sleep(3000);
      expect(await page.getByText("scale catalog to 2").count()).toBe(0);
      await hide(page, false);
      await page.getByText("scale catalog to 2").waitFor();

      // A new page has heard nothing yet: the marks of a side panel are asked for.
      await page.goto(`${run.control}/`);
      const asked = page.waitForRequest(/\/api\/telemetry\/timeline\?from=/);
      await page.locator("[data-service=catalog]").click();
      await asked;
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    "has all log lines of meanwhile, or tells how many were left out",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await say(run, 1);
      await page.goto(run.dashboard);
      await page.goto(`${run.control}/logs?service=flood`);
      const told = page.locator(".toolbar-end").getByRole("status");
      await told.getByText("1 line", { exact: true }).waitFor();
      await hide(page, true);
      await say(run, 2500);
      await hide(page, false);
      await told.getByText("2,501 lines").waitFor();
      expect(await page.getByText("were left out").count()).toBe(0);
      await hide(page, true);
      await say(run, 11_500);
      await hide(page, false);
      await told.getByText("10,000 lines").waitFor();
      await page.getByText("were left out").waitFor();
      await browser.shoot("logs-left-out-light");
      await page.getByLabel("Level").selectOption("warn");
      await page.getByText("were left out").waitFor({ state: "detached" });
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );
});

/** Lines of a process outside, which are in the observer's file when this resolves. */
async function say(run: Run, lines: number): Promise<void> {
  const token = new URL(run.dashboard).searchParams.get("token");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "flood" } }] };
  for (let left = lines; left > 0; left -= 500) {
    const logRecords = Array.from({ length: Math.min(500, left) }, (_, place) => ({
      timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      severityNumber: 9,
      body: { stringValue: `line ${place}` },
    }));
    const body = JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    const answer = await fetch(`${run.control}/v1/logs`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
  }
  await Bun.sleep(writtenAfterMs);
}

/** Chromium without a window shows all pages always. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
    document.dispatchEvent(new Event("visibilitychange"))`);
}
