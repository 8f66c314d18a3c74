/** The dashboard's frame and the pages Map, Metrics and Timeline in a real browser, while the shop is busy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";
import { keyOf } from "../../dashboard/page-keys.ts";
import { seriousFaults } from "../kit/accessibility.ts";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { root, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";

const testTimeoutMs = 120_000;
/** A line straight down has no width, which Playwright takes for hidden. */
const attached = { state: "attached" } as const;

// CI installs Chromium; on a machine without one the rest of the tests still run.
describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("dashboard", () => {
  let run: Run;
  let traffic: Traffic;
  beforeAll(async () => {
    run = await Run.start();
    traffic = new Traffic(run.gateway);
  }, testTimeoutMs);
  afterAll(async () => {
    await traffic?.stop();
    await run?.stop();
  });

  test(
    "opens by the printed link only, which leaves no token behind",
    async () => {
      const locked = await fetch(run.control);
      expect(locked.status).toBe(401);
      expect(await locked.text()).toContain("locked");
      expect((await fetch(`${run.control}/?token=guessed`, { redirect: "manual" })).status).toBe(401);

      const opened = await fetch(run.dashboard, { redirect: "manual" });
      expect([opened.status, opened.headers.get("location")]).toEqual([303, "/"]);
      const setCookie = opened.headers.get("set-cookie") ?? "";
      expect(setCookie).toContain("HttpOnly");
      expect(setCookie).toContain("SameSite=Strict");
      const token = new URL(run.dashboard).searchParams.get("token")!;
      expect(setCookie).not.toContain(token);

      const page = await fetch(run.control, { headers: { cookie: setCookie.split(";")[0]! } });
      expect(page.status).toBe(200);
      const policy = page.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain("unsafe");
    },
    testTimeoutMs,
  );

  test("a session serves its own pages only", async () => {
    const opened = await fetch(run.dashboard, { redirect: "manual" });
    const cookie = opened.headers.get("set-cookie")!.split(";")[0]!;
    const kill = (headers: Record<string, string>) =>
      fetch(`${run.control}/api/instances/payments-1/kill`, {
        method: "POST",
        headers: { cookie, ...headers },
      });
    expect((await kill({})).status).toBe(403);
    expect((await kill({ "sec-fetch-site": "same-site" })).status).toBe(403);
    expect((await kill({ origin: run.gateway })).status).toBe(403);
    const image = await fetch(`${run.control}/api/run`, {
      headers: { cookie, "sec-fetch-site": "same-site" },
    });
    expect(image.status).toBe(403);
    const own = await fetch(`${run.control}/api/run`, {
      headers: { cookie, "sec-fetch-site": "same-origin" },
    });
    expect(own.status).toBe(200);
  });

  test(
    "an instance is killed from the map and comes back before one's eyes",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      expect(page.url()).toBe(`${run.control}/`);
      const card = page.locator("[data-service=catalog]");
      await page.locator("[data-edge='gateway call catalog'].busy").waitFor(attached);
      await page.locator("[data-edge='orders publish broker'].busy").waitFor(attached);
      await browser.shoot("dashboard-map");

      await card.click();
      const row = page.locator(".instance[data-instance=catalog-1]");
      await row.getByText("generation 1", { exact: true }).waitFor();
      await row.getByRole("button", { name: "Kill" }).click();
      await row.getByText("generation 2", { exact: true }).waitFor();
      await card.locator("[data-instance=catalog-1][data-state=ready]").waitFor();
      expect(await run.instance("catalog-1")).toMatchObject({
        generation: 2,
        state: "ready",
        lastExit: "SIGKILL",
      });

      await page.getByRole("button", { name: "One instance more" }).click();
      await card.locator("[data-instance=catalog-2][data-state=ready]").waitFor();
      await browser.shoot("dashboard-map-panel");
      await page.keyboard.press("Escape");
      await page.locator(".side").waitFor({ state: "detached" });
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    "the timeline tells what was done, and the charts what it did",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      await page.getByRole("link", { name: "Timeline" }).click();
      await page.getByText("kill catalog-1", { exact: true }).waitFor();
      await page
        .getByText(/^catalog-1 \w+ → backoff$/)
        .first()
        .waitFor();
      await page.locator(".chart canvas").first().waitFor();
      await browser.shoot("dashboard-timeline");

      await page.getByRole("link", { name: "Metrics" }).click();
      await page.getByRole("radio", { name: "1 min", exact: true }).click();
      await page.getByRole("radio", { name: "By edge" }).click();
      await page.getByText("gateway → catalog").first().waitFor();
      await page.locator(".heatmap canvas").waitFor();
      await browser.shoot("dashboard-metrics");
      // The address alone brings the same view back.
      expect(new URL(page.url()).searchParams.get("by")).toBe("edge");
      await page.reload();
      await page.getByText("gateway → catalog").first().waitFor();
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    "keys go from page to page, search, change the theme, and are told by ?",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      const path = () => new URL(page.url()).pathname;
      await page.locator(".nav-link").first().waitFor();
      const titles = await page.locator(".nav-link").allInnerTexts();
      // A page is a folder and a line of pages.ts.
      const folders = [...new Glob("*/page.tsx").scanSync(join(root, "dashboard", "pages"))];
      expect(titles).toHaveLength(folders.length);
      for (const [place, title] of titles.entries()) {
        await page.keyboard.press(keyOf(place)!);
        await page.locator(".nav-link[aria-current=page]", { hasText: title.trim() }).waitFor();
      }
      expect(path()).toBe("/runs");
      await page.keyboard.press("2");
      await page.getByRole("heading", { name: "Traces" }).waitFor();
      await page.keyboard.press("/");
      await page.locator("input[aria-label=Route]:focus").waitFor();
      // In a field keys are text, which stays there while the page is drawn anew each second.
      for (const key of ["3", "?", "t"]) {
        await page.keyboard.press(key);
        await page.waitForTimeout(600);
      }
      expect(await page.getByLabel("Route").inputValue()).toBe("3?t");
      expect(new URL(page.url()).searchParams.get("route")).toBe("3?t");
      expect(path()).toBe("/traces");
      await page.getByLabel("Route").fill("");
      await page.locator("h1").click();

      await page.keyboard.press("?");
      const dialog = page.getByRole("dialog", { name: "Keys" });
      await dialog.waitFor();
      // Behind it nothing moves.
      await page.keyboard.press("1");
      expect(path()).toBe("/traces");
      expect(await seriousFaults(page)).toEqual([]);
      await page.keyboard.press("?");
      await dialog.waitFor({ state: "hidden" });
      await page.keyboard.press("?");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });

      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const before = await ground();
      for (let press = 0; press < 2 && (await ground()) === before; press++) await page.keyboard.press("t");
      expect(await ground()).not.toBe(before);
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    "what sampling left out is told beside the traces, with why",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      await page.goto(`${run.control}/traces`);
      await page.getByRole("button", { name: /^[\d,]+ spans not kept$/ }).click();
      const dialog = page.getByRole("dialog", { name: "What is kept, and what is not" });
      expect(await dialog.locator("[data-reason=unsampled]").textContent()).toMatch(
        /^[\d,]+ spansleft out by sampling/,
      );
      expect(await dialog.textContent()).toMatch(
        /[\d,]+ traces of [\d,]+ spans and [\d,]+ log lines are kept/,
      );
      expect(await seriousFaults(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      await page.goto(`${run.control}/logs`);
      await page.getByRole("button", { name: /What is kept|lines not kept/ }).waitFor();
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  for (const look of [
    { name: "light", dark: false, width: 1280, height: 800 },
    { name: "dark", dark: true, width: 1280, height: 800 },
    { name: "phone-light", dark: false, width: 390, height: 844 },
    { name: "phone-dark", dark: true, width: 390, height: 844 },
  ]) {
    test(
      `nothing serious is inaccessible: ${look.name}`,
      async () => {
        await using browser = await Browser.open(look);
        const { page } = browser;
        await page.goto(run.dashboard);
        for (const path of ["/map?service=orders", "/charts?range=1m", "/timeline"]) {
          await page.goto(run.control + path);
          await page.locator(".chart canvas").first().waitFor();
          expect([path, await seriousFaults(page)]).toEqual([path, []]);
        }
        await page.goto(`${run.control}/runs`);
        await page.getByText("Export this run").first().waitFor();
        expect(["/runs", await seriousFaults(page)]).toEqual(["/runs", []]);
        await page.goto(`${run.control}/map`);
        await page.locator("[data-edge='gateway call catalog'].busy").waitFor(attached);
        expect(await seriousFaults(page)).toEqual([]);
        await browser.shoot(`dashboard-map-${look.name}`);
        expect(browser.errors).toEqual([]);
      },
      testTimeoutMs,
    );
  }

  test(
    "says so when the run does not answer, and goes on when it does",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(run.dashboard);
      await page.locator(".connection.live").waitFor();
      await page.route("**/api/**", (route) => route.abort());
      await page.getByText("not reachable").waitFor();
      await page.unroute("**/api/**");
      await page.locator(".connection.live").waitFor();
    },
    testTimeoutMs,
  );
});

/** Visitors and customers until it is stopped. */
class Traffic {
  readonly #gateway: string;
  readonly #work: Promise<unknown>;
  #going = true;

  constructor(gateway: string) {
    this.#gateway = gateway;
    this.#work = Promise.all([this.#browse(), this.#buy()]);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#work;
  }

  async #browse(): Promise<void> {
    for (let round = 0; this.#going; round++) {
      // Another search each time: what the gateway's cache answers goes to no service. An instance is killed meanwhile: a
      // failure is part of it.
      await fetch(`${this.#gateway}/v1/products?limit=50&search=${round}`).catch(() => undefined);
      await Bun.sleep(15);
    }
  }

  async #buy(): Promise<void> {
    const customer = await Customer.register(this.#gateway);
    const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=20");
    for (let round = 0; this.#going; round++) {
      const productId = body.items[round % body.items.length]!.id;
      await customer.order([{ productId, quantity: 1 }]).catch(() => undefined);
      await Bun.sleep(40);
    }
  }
}
