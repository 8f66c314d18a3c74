/** The pages of traces, logs, bus, data and API in a real browser, over the real shop with orders going through it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpanRecord } from "../../runtime/telemetry/model.ts";
import { seriousFaults } from "../kit/accessibility.ts";
import { Browser } from "../kit/browser.ts";
import { adminPassword, eventually, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";
import { writeShopTopology } from "../kit/shop-topology.ts";

const evil = "<img src=x onerror=alert(1)>";
const loadEveryMs = 200;

let directory: string;
let run: Run;
let customer: Customer;
let productId: string;
let browser: Browser;
let load: ReturnType<typeof setInterval>;
let stopped = false;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mc-pages-"));
  const topology = await writeShopTopology(directory, {
    // What its subscriber cannot use is a dead letter at once.
    edit: (yaml) => yaml.replace("order.confirmed: {}", "order.confirmed: { maxDeliveries: 1 }"),
    more: { telemetry: { sample: 1 } },
  });
  run = await Run.start({ topology });
  const admin = await Customer.admin(run.gateway);
  const made = await admin.send<{ id: string }>("POST", "/v1/products", {
    name: evil,
    description: evil,
    priceCents: 500,
    currency: "EUR",
  });
  productId = made.body.id;
  customer = await Customer.register(run.gateway);
  const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=1");
  const stocked = body.items[0]!.id;
  const order = () => customer.order([{ productId: stocked, quantity: 1 }]).catch(() => undefined);
  for (let i = 0; i < 5; i++) await order();
  await customer.order([{ productId: stocked, quantity: 1 }], "tok_declined");
  await customer.get(`/v1/products/${productId}`);
  load = setInterval(() => {
    if (!stopped) void order();
  }, loadEveryMs);
  browser = await Browser.open();
  browser.page.on("dialog", () => browser.errors.push("a dialog opened: something was not escaped"));
  await browser.page.goto(run.dashboard);
}, 90_000);

afterEach(() => {
  expect(browser.errors).toEqual([]);
});

afterAll(async () => {
  stopped = true;
  clearInterval(load);
  await browser?.[Symbol.asyncDispose]();
  await run?.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

const open = (path: string, on: Browser = browser) => on.page.goto(run.control + path);

/** A trace of `count` spans in a file, as the page saves it. */
async function largeTrace(count: number): Promise<string> {
  const base = { traceId: "ab".repeat(16), kind: "internal", generation: 1, status: "ok", attributes: {} };
  const spans = Array.from({ length: count }, (_, i) => ({
    ...base,
    spanId: i.toString(16).padStart(16, "0"),
    ...(i > 0 && {
      parentSpanId: Math.floor((i - 1) / 3)
        .toString(16)
        .padStart(16, "0"),
    }),
    name: i === 7 ? evil : `step ${i}`,
    service: "orders",
    instance: "orders-1",
    startMs: 1e12 + i / 100,
    durationMs: (count - i) / 100,
  })) as unknown as SpanRecord[];
  const file = join(directory, "large.json");
  const trace = { summary: {}, spans, logs: [], orphans: 0 };
  await Bun.write(file, JSON.stringify({ format: "microcosm-trace", version: 1, savedAt: "", trace }));
  return file;
}

describe("traces", () => {
  test("are found by route, and one opens as a waterfall with SQL, the keys and the chosen span", async () => {
    const { page } = browser;
    await open("/traces?route=POST%20/v1/orders");
    await page.locator(".trace-link").first().click({ timeout: 30_000 });
    await page.locator(".waterfall-row").nth(3).waitFor();
    await eventually("statements in the waterfall", async () => {
      await page.getByRole("button", { name: "Refresh" }).click();
      return /insert into/i.test((await page.locator(".waterfall-rows").textContent()) ?? "");
    });
    await page.locator(".waterfall-row").first().click();
    await page.locator(".waterfall-rows").press("ArrowDown");
    await page.locator(".waterfall-rows").press("ArrowDown");
    const active = page.locator('.waterfall-row[aria-selected="true"]');
    expect(await active.getAttribute("id")).toBe("row-2");
    expect(await page.locator(".waterfall-critical").count()).toBeGreaterThan(0);
    expect(await page.getByRole("complementary", { name: "Details" }).textContent()).toContain("duration");
    await browser.shoot("trace-light");
    const before = await page.locator(".waterfall-row").count();
    await page.locator(".waterfall-row").first().click();
    await page.locator(".waterfall-rows").press("ArrowLeft");
    await eventually(
      "the root is folded",
      async () => (await page.locator(".waterfall-row").count()) < before,
    );
  }, 90_000);

  test("two are compared side by side", async () => {
    const { page } = browser;
    await open("/traces?route=POST%20/v1/orders");
    await page.locator(".trace-row").nth(1).waitFor();
    await page.getByRole("button", { name: "Live", exact: true }).click();
    // By id: an answer that was under way may still move the rows.
    const rows = await page.locator(".trace-row").allTextContents();
    const ids = rows.slice(0, 2).map((text) => /[0-9a-f]{8}/.exec(text)?.[0] ?? "");
    for (const id of ids) await page.locator(".trace-row", { hasText: id }).locator("input").check();
    await page.getByRole("button", { name: /^Compare 2/ }).click();
    await page.locator(".comparison-row").nth(2).waitFor();
    expect(await page.locator(".comparison-sum").textContent()).toContain("POST /v1/orders took");
    await browser.shoot("traces-compared-light");
  }, 60_000);

  test("one is saved to a file and opened again; 10,000 spans of another open at once", async () => {
    const { page } = browser;
    await open("/traces?route=POST%20/v1/orders");
    await page.locator(".trace-link").first().click();
    const name = (await page.locator(".trace-title").textContent()) ?? "";
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save" }).click();
    const file = join(directory, "saved.json");
    await (await saved).saveAs(file);
    await open("/traces");
    await page.locator("input[type=file]").setInputFiles(file);
    await page.locator(".trace-head .badge").waitFor();
    expect(await page.locator(".trace-title").textContent()).toBe(name);

    await open("/traces");
    await page.locator("input[type=file]").setInputFiles(await largeTrace(10_000));
    await page.locator(".waterfall-row").nth(10).waitFor();
    expect(await page.locator(".trace-facts").textContent()).toContain("10000 spans");
    // The rows in sight and a few more, however many there are.
    expect(await page.locator(".waterfall-row").count()).toBeLessThan(100);
    await page.locator(".waterfall-rows").press("End");
    await eventually("the last span is in sight", async () =>
      (await page.locator('.waterfall-row[aria-selected="true"]').getAttribute("id"))?.endsWith("-9999"),
    );
    await open("/traces");
    await Bun.write(join(directory, "broken.json"), "{");
    await page.locator("input[type=file]").setInputFiles(join(directory, "broken.json"));
    expect(await page.getByRole("alert").textContent()).toContain("not JSON");
  }, 60_000);
});

test("a trace that is nowhere is waited for a while, then told to be missing", async () => {
  await open(`/traces/${"0".repeat(31)}1`);
  await browser.page.getByText("Loading the trace").waitFor();
  await browser.page.getByText("This trace is not here").waitFor({ timeout: 30_000 });
  browser.errors.length = 0; // The browser calls each 404 an error.
}, 60_000);

describe("logs", () => {
  test("are searched by text, filtered, and lead to their trace and back", async () => {
    const { page } = browser;
    await open("/logs");
    await page.locator(".log-line").first().waitFor();
    await page.getByLabel("Search the text").fill("Migrated");
    await page.getByLabel("Service").selectOption("catalog");
    await eventually("only lines that fit", async () => {
      const lines = await page.locator(".log-line").allInnerTexts();
      return lines.length > 0 && lines.every((line) => /catalog-1/.test(line) && /Migrated/.test(line));
    });
    await page.locator(".log-button").first().click();
    expect(await page.getByRole("complementary", { name: "Log line" }).textContent()).toContain("Migrated");
    await page.getByLabel("Search the text").fill("nobody ever said this");
    await page.getByText("No line fits").waitFor();
  }, 60_000);

  test("a line with a stack is one line high; following stops when someone scrolls up", async () => {
    const { page } = browser;
    // Each is refused by its subscriber, which says so with a stack and within a trace.
    const refused = (nothing: number, topic = "order.confirmed") =>
      page.request.post(`${run.control}/api/bus/topics/${topic}/events`, {
        data: { data: { nothing } },
        headers: { origin: run.control },
      });
    for (let i = 0; i < 40; i++) expect((await refused(i)).status()).toBe(201);
    await open("/logs?level=warn");
    await page.locator(".log-line").nth(20).waitFor({ timeout: 30_000 });
    const heights = await page
      .locator(".log-line")
      .evaluateAll((rows) => rows.map((row) => row.scrollHeight));
    expect(new Set(heights)).toEqual(new Set([24]));
    await page.locator(".log-list").hover();
    // Lines go on coming, also between the turn of the wheel and the scroll event of the next frame.
    const more = setInterval(() => void refused(0, "order.cancelled").catch(() => undefined), 100);
    try {
      await page.mouse.wheel(0, -300);
      await page.getByRole("button", { name: "Follow", exact: true }).waitFor();
      const top = () => page.locator(".log-list").evaluate((list) => list.scrollHeight - list.scrollTop);
      const distance = await top();
      await eventually("lines came, and did not move the list", async () => (await top()) > distance + 240);
      expect(await page.getByRole("button", { name: "Follow", exact: true }).isVisible()).toBe(true);
    } finally {
      clearInterval(more);
    }
    await page.mouse.wheel(0, 100_000);
    await page.getByRole("button", { name: "Following" }).waitFor();
    await page.locator(".log-button").last().click();
    await page.getByRole("link", { name: "Open trace" }).click();
    await page.locator(".waterfall-row").first().waitFor({ timeout: 30_000 });
    await page.getByRole("link", { name: "Logs", exact: true }).last().click();
    await page.getByText("Lines of trace").waitFor();
    await page.locator(".log-line").first().waitFor({ timeout: 30_000 });
  }, 60_000);
});

describe("bus", () => {
  test("an event published by hand comes by in the tail; a dead letter is seen, replayed and discarded", async () => {
    const { page } = browser;
    await open("/bus/product.created?tab=publish");
    const data = page.getByLabel("Data");
    await data.fill('{"id": oops}');
    await page.getByText("This is not JSON").waitFor();
    expect(await page.getByRole("button", { name: /^Publish/ }).isDisabled()).toBe(true);
    await data.fill(JSON.stringify({ name: evil }));
    await page.getByRole("button", { name: /^Publish/ }).click();
    await page.getByText(/Published as #\d+/).waitFor();
    await browser.shoot("bus-publish-light");
    await page.getByRole("link", { name: "Open trace" }).click();
    await page.locator(".waterfall-row", { hasText: "publish product.created" }).waitFor({ timeout: 30_000 });
    browser.errors.length = 0; // As below: it was asked for before it came.
    await open("/bus/product.created");
    await page.getByRole("link", { name: "Live tail" }).click();
    await page.locator(".event-card", { hasText: evil }).first().waitFor();
    await browser.shoot("bus-tail-light");

    await open("/bus/order.confirmed?tab=publish");
    await page.getByLabel("Data").fill('{"nothing": "of use"}');
    await page.getByRole("button", { name: /^Publish/ }).click();
    await page.getByRole("link", { name: /^Dead letters/ }).click();
    const card = page.locator(".event-card", { hasText: "of use" });
    await card.first().waitFor({ timeout: 30_000 });
    expect(await card.first().textContent()).toContain("gave up after 1 delivery");
    await browser.shoot("bus-dead-light");
    await card.first().getByRole("button", { name: "Replay" }).click();
    await page.getByText(/\d dead letters? delivered again\./).waitFor();
    await card.first().waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "Discard all" }).click();
    await page.getByRole("button", { name: "Really discard all?" }).click();
    await page.getByText("No dead letters").waitFor({ timeout: 30_000 });
  }, 90_000);
});

describe("data", () => {
  test("shows tables, rows and schema, and never a secret", async () => {
    const { page } = browser;
    await open("/data");
    await page.getByRole("link", { name: /^products \d/ }).click();
    await page.locator(".data-rows tbody tr").nth(49).waitFor();
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText("51–100 of 501").waitFor();
    await page.getByRole("button", { name: "Newest first" }).click();
    const newest = page.locator(".data-rows tbody tr").first();
    await newest.getByText(evil).first().waitFor();
    await newest.getByRole("button").click();
    await browser.shoot("data-light");
    await page.getByRole("button", { name: "Schema" }).click();
    await page.getByText("CREATE TABLE products").waitFor();
    for (const [table, secret] of [
      ["users", "$argon2"],
      ["signing_keys", '"d":'],
    ] as const) {
      await open(`/data/identity/${table}`);
      await page.locator(".hidden-cell").first().waitFor();
      expect(await page.content()).not.toContain(secret);
    }
  }, 60_000);
});

describe("API", () => {
  test("logs in, sends a request, shows the answer, and its trace opens", async () => {
    const { page } = browser;
    await open("/requests/postV1Products");
    await page.getByLabel("Password").fill(adminPassword);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("sends your token of admin").waitFor();
    const product = { name: evil, description: "from the page", priceCents: 1, currency: "EUR" };
    await page.getByLabel("Body").fill(JSON.stringify(product));
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".status-badge", { hasText: "201" }).waitFor();
    expect(await page.locator(".answer-body").textContent()).toContain(evil);
    await browser.shoot("api-light");
    await page.getByRole("link", { name: "Open trace" }).click();
    await page.locator(".waterfall-row").first().waitFor({ timeout: 30_000 });
    // What comes late is added by itself.
    await page.locator(".trace-title", { hasText: "POST /v1/products" }).waitFor({ timeout: 30_000 });
    browser.errors.length = 0; // The trace was asked for before it came: the browser calls a 404 an error.
  }, 60_000);
});

const places = [
  ["traces", "/traces"],
  ["logs", "/logs"],
  ["bus", "/bus/order.placed"],
  ["bus-publish", "/bus/order.placed?tab=publish"],
  ["data", "/data/identity/users"],
  ["api", "/requests/postV1Orders"],
] as const;

for (const look of [
  { name: "light", dark: false, width: 1280 },
  { name: "dark", dark: true, width: 1280 },
  { name: "phone", dark: true, width: 390 },
  { name: "phone-light", dark: false, width: 390 },
]) {
  test(`no serious fault for people who cannot see or point, and nothing sticks out: ${look.name}`, async () => {
    await using other = await Browser.open({ dark: look.dark, width: look.width });
    await other.page.goto(run.dashboard);
    for (const [name, path] of places) {
      await open(path, other);
      await other.page.locator("h1").waitFor();
      await other.page.locator(".loading-line").first().waitFor({ state: "detached" });
      await other.shoot(`${name}-${look.name}`);
      expect([name, await seriousFaults(other.page)]).toEqual([name, []]);
      const tooWide = await other.page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect([name, tooWide]).toEqual([name, 0]);
    }
    await open("/traces?route=POST%20/v1/orders", other);
    await other.page.locator(".trace-link").first().click();
    await other.page.locator(".waterfall-row").nth(2).click();
    await other.shoot(`trace-${look.name}`);
    expect(["trace", await seriousFaults(other.page)]).toEqual(["trace", []]);
    expect(other.errors).toEqual([]);
  }, 180_000);
}
