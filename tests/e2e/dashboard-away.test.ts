/** A page that was in the background, or had lost its connection, has what happened meanwhile when one comes back to it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Run } from "../kit/run.ts";

const testTimeoutMs = 120_000;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)(
  "a page one comes back to",
  () => {
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
  },
);

/** Chromium without a window shows all pages always. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
    document.dispatchEvent(new Event("visibilitychange"))`);
}
