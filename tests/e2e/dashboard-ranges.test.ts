/** What the charts are of: the line of the heat map, and the stretch of time. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { seriousFaults } from "../kit/accessibility.ts";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { eventually, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";

const testTimeoutMs = 120_000;
const minuteOverMs = 90_000;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("charts", () => {
  let run: Run;
  let load: ReturnType<typeof setInterval>;
  beforeAll(async () => {
    run = await Run.start();
    // The list comes from the gateway's cache, one product from catalog.
    const paths = ["/v1/products?limit=5", "/v1/products/none"];
    const look = () =>
      Promise.all(paths.map((path) => fetch(run.gateway + path).then((answer) => answer.arrayBuffer())));
    let looks = 0;
    load = setInterval(() => {
      void look().catch(() => undefined);
      // An event now and then: identity tells of the new user.
      if (looks++ % 30 === 0) void Customer.register(run.gateway).catch(() => undefined);
    }, 100);
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
        ["edge&edges=publishes", "identity → user.registered", "service=identity & topic=user.registered"],
        [
          "edge&edges=deliveries",
          "user.registered → notifications",
          "topic=user.registered & service=notifications",
        ],
        ["instance", "catalog-1", "instance=catalog-1"],
        ["route", "gateway GET /v1/products", "service=gateway & route=GET /v1/products"],
        ["route", "catalog GET /products/{id}", "service=catalog & route=GET /products/{id}"],
        ["service", "catalog", "service=catalog"],
      ] as const) {
        await page.goto(`${run.control}/charts?range=1m&by=${by}`);
        await heat.locator("option", { hasText: name }).first().waitFor({ state: "attached" });
        await heat.selectOption(name);
        await page.locator(`.heatmap canvas[aria-label="Latency of ${name} over time"]`).waitFor();
        expect(new URL(page.url()).searchParams.get("heat")).toBe(name);
        expect(asked).toContain(where);
        await browser.shoot(`metrics-by-${by.replace(/.*=/, "")}-light`);
      }
      // The address alone brings the same map back.
      await page.reload();
      await page.locator('.heatmap canvas[aria-label="Latency of catalog over time"]').waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    "any stretch of time is chosen by two fields, which say what is wrong with them",
    async () => {
      for (const dark of [false, true]) {
        const look = dark ? "dark" : "light";
        await using browser = await Browser.open({ dark });
        const { page } = browser;
        await page.goto(run.dashboard);
        for (const [word, range] of [
          ["24 h", "24h"],
          ["2 days", "2d"],
        ] as const) {
          await page.goto(`${run.control}/charts`);
          await page.getByRole("radio", { name: word, exact: true }).click();
          expect(new URL(page.url()).searchParams.get("range")).toBe(range);
        }
        // As soon as the first minute is over.
        const map = page.locator(".heatmap canvas");
        await eventually(
          "a minute is over",
          async () => {
            await page.reload();
            await map.waitFor({ timeout: 5000 });
            return true;
          },
          minuteOverMs,
        );
        await browser.shoot(`metrics-2d-${look}`);

        await page.getByRole("button", { name: "From … to" }).click();
        const form = page.getByRole("form", { name: "Another stretch of time" });
        const from = form.getByLabel("From");
        const to = form.getByLabel("To");
        const show = form.getByRole("button", { name: "Show" });
        const [first, last] = ["2026-01-02T08:30:05", "2026-01-02T09:00:10"];
        await from.fill(last);
        await to.fill(first);
        await show.click();
        await form.getByText("To must be later than From").waitFor();
        expect(await to.getAttribute("aria-invalid")).toBe("true");
        expect(await seriousFaults(page)).toEqual([]);
        await browser.shoot(`range-form-${look}`);
        await to.fill("");
        await show.click();
        await form.getByText("To needs a date and a time").waitFor();
        await from.fill(first);
        await to.fill(last);
        await show.click();
        await form.waitFor({ state: "detached" });
        const { searchParams } = new URL(page.url());
        const shown = ["from", "to"].map((name) => Number(searchParams.get(name)));
        expect(shown).toEqual([Date.parse(first), Date.parse(last)]);
        await page.getByText("2 Jan 08:30:05 – 09:00:10").waitFor();
        await browser.shoot(`range-fixed-${look}`);
        await page.getByRole("button", { name: "Change", exact: true }).click();
        await form.waitFor();
        await page.keyboard.press("Escape");
        await form.waitFor({ state: "detached" });
        await page.goto(`${run.control}/timeline?range=2d`);
        await page.locator(".chart canvas").first().waitFor();
        await browser.shoot(`timeline-2d-${look}`);
        expect(browser.errors).toEqual([]);
      }
      await using phone = await Browser.open({ width: 390 });
      await phone.page.goto(run.dashboard);
      await phone.page.goto(`${run.control}/charts`);
      await phone.page.getByRole("button", { name: "From … to" }).click();
      await phone.shoot("range-form-phone");
      expect(await phone.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    },
    2 * testTimeoutMs,
  );
});
