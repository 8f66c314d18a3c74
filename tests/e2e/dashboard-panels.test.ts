/** Everything that can be opened on a page is open to who cannot see or point, in both themes, while the shop is busy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { seriousFaults } from "../kit/accessibility.ts";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { eventually, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";
import { writeShopTopology } from "../kit/shop-topology.ts";

const setUpTimeoutMs = 120_000;
const testTimeoutMs = 240_000;
const loadEveryMs = 250;
const waitMs = { timeout: 60_000 } as const;

interface State {
  readonly name: string;
  readonly path: string;
  /** Opens what is looked at, and waits until it is there. */
  readonly open: (page: Page) => Promise<unknown>;
}

const chart = (page: Page) => page.locator(".chart canvas").first().waitFor(waitMs);
const orders = "/traces?route=POST%20/v1/orders";

const states: readonly State[] = [
  {
    name: "the panel of a service",
    path: "/map?service=orders",
    open: async (page) => {
      await page.locator(".side .instance").first().waitFor(waitMs);
      await chart(page);
    },
  },
  { name: "the panel of an edge", path: "/map?edge=gateway+call+orders", open: chart },
  {
    name: "a trace with a span that is chosen",
    path: orders,
    open: async (page) => {
      await page.locator(".trace-link").first().click(waitMs);
      await page.locator(".waterfall-row").nth(2).click(waitMs);
      await page.getByRole("complementary", { name: "Details" }).waitFor();
    },
  },
  {
    name: "two traces compared",
    path: orders,
    open: async (page) => {
      await page.locator(".trace-row").nth(1).waitFor(waitMs);
      await page.getByRole("button", { name: "Live", exact: true }).click();
      // An answer that was under way may still move the rows.
      for (const _ of [1, 2]) await page.locator(".trace-row input:not(:checked)").first().click();
      await page.getByRole("button", { name: /^Compare 2/ }).click();
      await page.locator(".comparison-row").nth(2).waitFor(waitMs);
    },
  },
  {
    name: "a line of the log",
    path: "/logs?level=warn",
    open: async (page) => {
      await page.locator(".log-button").last().click(waitMs);
      await page.getByRole("complementary", { name: "Log line" }).waitFor();
    },
  },
  {
    name: "the time range of the logs",
    path: "/logs?range=15m",
    open: async (page) => {
      await page.getByLabel("Time range").selectOption({ label: "From … to" });
      await page.getByRole("form", { name: "Another stretch of time" }).waitFor();
    },
  },
  {
    name: "what is kept",
    path: "/traces",
    open: async (page) => {
      await page.getByTitle("What is not here, and why").click(waitMs);
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "charts and the heat map by edge",
    path: "/charts?range=1m&by=edge",
    open: (page) => page.locator(".heatmap canvas").waitFor(waitMs),
  },
  {
    name: "dead letters with their payload",
    path: "/bus/order.confirmed?tab=dead",
    open: (page) => page.locator(".event-card").first().waitFor(waitMs),
  },
  {
    name: "subscriptions",
    path: "/bus/order.confirmed",
    open: (page) => page.getByRole("columnheader", { name: "Cursor" }).waitFor(waitMs),
  },
  {
    name: "the tail of a topic",
    path: "/bus/order.placed?tab=tail",
    open: (page) => page.locator(".event-card").first().waitFor(waitMs),
  },
  {
    name: "the form to publish",
    path: "/bus/order.placed?tab=publish",
    open: (page) => page.getByRole("button", { name: /^Publish/ }).waitFor(waitMs),
  },
  {
    name: "a row of a table",
    path: "/data/orders/orders",
    open: async (page) => {
      await page.locator(".data-rows tbody tr").first().getByRole("button").first().click(waitMs);
      await page.getByRole("complementary", { name: "Row" }).waitFor();
    },
  },
  {
    name: "the schema of a table",
    path: "/data/catalog/products",
    open: async (page) => {
      await page.getByRole("button", { name: "Schema" }).click(waitMs);
      await page.getByText("CREATE TABLE products").waitFor();
    },
  },
  {
    name: "a request with its answer",
    path: "/requests/getV1Products",
    open: async (page) => {
      await page.getByRole("button", { name: "Send" }).click(waitMs);
      await page.locator(".status-badge").waitFor(waitMs);
      await page.locator(".answer summary").click();
    },
  },
  {
    name: "the timeline with an entry that is chosen",
    path: "/timeline?range=15m",
    open: async (page) => {
      await chart(page);
      await page.locator(".timeline-list .table-row").first().click(waitMs);
    },
  },
  {
    name: "the page of runs before there are two",
    path: "/runs",
    open: (page) => page.getByRole("link", { name: "Export this run" }).waitFor(waitMs),
  },
  {
    name: "the list of keys",
    path: "/map",
    open: async (page) => {
      await page.locator("[data-service=orders]").waitFor(waitMs);
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
    },
  },
  {
    name: "a place where there is no page",
    path: "/nowhere",
    open: (page) => page.getByText("There is no such page").waitFor(waitMs),
  },
];

// CI installs Chromium; on a machine without one the rest of the tests still run.
describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("what is open", () => {
  let folder: string;
  let run: Run;
  let load: ReturnType<typeof setInterval>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mc-panels-"));
    run = await Run.start({
      topology: await writeShopTopology(folder, {
        // What its subscriber cannot use is a dead letter at once.
        edit: (yaml) => yaml.replace("order.confirmed: {}", "order.confirmed: { maxDeliveries: 1 }"),
        more: { telemetry: { sample: 1 } },
      }),
    });
    const customer = await Customer.register(run.gateway);
    const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=1");
    const order = () => customer.order([{ productId: body.items[0]!.id, quantity: 1 }]);
    load = setInterval(() => void order().catch(() => undefined), loadEveryMs);
    expect((await run.cli("bus", "publish", "order.confirmed", '{"nothing": "of use"}')).code).toBe(0);
    await eventually("a dead letter", async () => {
      const { stdout } = await run.cli("bus", "dead", "order.confirmed", "--json");
      return stdout.includes("of use");
    });
  }, setUpTimeoutMs);

  afterAll(async () => {
    clearInterval(load);
    await run?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, setUpTimeoutMs);

  for (const look of [
    { name: "light", dark: false },
    { name: "dark", dark: true },
    { name: "phone-light", dark: false, width: 390, height: 844 },
    { name: "phone-dark", dark: true, width: 390, height: 844 },
  ]) {
    test(
      `has no serious fault, and nothing sticks out: ${look.name}`,
      async () => {
        await using browser = await Browser.open(look);
        const { page } = browser;
        await page.goto(run.dashboard);
        for (const { name, path, open } of states) {
          await page.goto(run.control + path);
          await open(page);
          expect([name, await seriousFaults(page)]).toEqual([name, []]);
          const tooWide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect([name, tooWide]).toEqual([name, 0]);
          await browser.shoot(`panel-${name.replaceAll(/\W+/g, "-")}-${look.name}`);
        }
        expect(browser.errors).toEqual([]);
      },
      testTimeoutMs,
    );
  }

  test(
    "a run that does not answer is told above what was known, and nothing of it moves",
    async () => {
      for (const dark of [false, true]) {
        await using browser = await Browser.open({ dark });
        const { page } = browser;
        await page.goto(run.dashboard);
        await page
          .locator("[data-edge='gateway call orders'].busy")
          .waitFor({ ...waitMs, state: "attached" });
        await page.route("**/api/**", (route) => route.abort());
        await page.getByText("The run does not answer.").waitFor(waitMs);
        expect(await seriousFaults(page)).toEqual([]);
        await browser.shoot(`lost-${dark ? "dark" : "light"}`);
        await page.unroute("**/api/**");
        await page.getByText("The run does not answer.").waitFor({ ...waitMs, state: "detached" });
      }
    },
    testTimeoutMs,
  );

  test(
    "lines of the log are searched within a stretch of time, which is in the address",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      await page.goto(`${run.control}/logs?text=Migrated`);
      const lines = page.locator(".log-line");
      await lines.first().waitFor(waitMs);
      const whole = await lines.count();
      const times = await page
        .locator(".log-line time")
        .evaluateAll((all) => all.map((one) => one.textContent));
      expect(times).toHaveLength(whole);

      await page.getByLabel("Time range").selectOption("1h");
      await lines.nth(whole - 1).waitFor(waitMs);
      expect(new URL(page.url()).searchParams.get("range")).toBe("1h");

      // The year 2001 has none of them, and nothing more comes.
      await page.getByLabel("Time range").selectOption({ label: "From … to" });
      const form = page.getByRole("form", { name: "Another stretch of time" });
      await form.getByLabel("From").fill("2001-01-01T00:00:00");
      await form.getByLabel("To").fill("2001-12-31T00:00:00");
      await form.getByRole("button", { name: "Show" }).click();
      await page.getByText("No line fits").waitFor(waitMs);
      await page.getByText("or take more time").waitFor();
      expect(await page.getByRole("button", { name: /Follow/ }).count()).toBe(0);
      // The words are still looked for.
      expect(await page.getByLabel("Search the text").inputValue()).toBe("Migrated");
      await page.reload();
      await page.getByText("No line fits").waitFor(waitMs);
      await page.getByLabel("Time range").selectOption("any");
      await lines.nth(whole - 1).waitFor(waitMs);

      await page.goto(`${run.control}/traces?from=978307200000&to=1009756800000`);
      await page.getByText("No trace fits").waitFor(waitMs);
      await page.getByLabel("Time range").selectOption("15m");
      await page.locator(".trace-row").first().waitFor(waitMs);
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );
});
