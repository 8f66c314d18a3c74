/** The storefront as a visitor uses it, in a real browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";

// CI installs Chromium; on a machine without one the rest of the tests still run.
describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("storefront", () => {
  let run: Run;
  beforeAll(async () => {
    run = await Run.start();
  });
  afterAll(async () => {
    await run?.stop();
  });

  test("browse, register, order, and watch the order go through", async () => {
    await using browser = await Browser.open();
    const { page } = browser;
    await page.goto(`${run.gateway}/`);
    await page.getByRole("heading", { name: "Good things for daily use" }).waitFor();
    await page.locator("#main a[href*='product']").first().waitFor();
    await browser.shoot("storefront-catalog");

    await page.getByLabel("Search products").fill("lamp");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Results for" }).waitFor();
    await page.locator("#main a[href*='product']").first().click();
    await page.getByRole("button", { name: "Add to cart" }).click();
    await page.getByRole("link", { name: "Go to the cart" }).click();
    await page.getByRole("heading", { name: "Cart" }).waitFor();
    await browser.shoot("storefront-cart");

    await page.goto(`${run.gateway}/#/register`);
    await page.getByLabel("Name").fill("Ada Lovelace");
    await page.getByLabel("E-mail").fill(`ada${crypto.randomUUID()}@shop.test`);
    await page.getByLabel("Password").fill("a good long password");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByText("Signed in").first().waitFor();

    await page.goto(`${run.gateway}/#/cart`);
    await page.getByRole("button", { name: "Place order" }).click();
    await page.getByRole("list", { name: "What happened so far" }).getByText("Confirmed").waitFor();
    await browser.shoot("storefront-order");

    await page.goto(`${run.gateway}/#/notifications`);
    await page.locator("#main li").first().waitFor();
    expect(browser.errors).toEqual([]);
  });

  test("a product's name is text, whatever it looks like", async () => {
    const admin = await Customer.admin(run.gateway);
    const made = await admin.send("POST", "/v1/products", {
      name: "<img src=x onerror=\"document.title='owned'\">zzqx",
      description: "<script>document.title='owned'</script>",
      priceCents: 100,
      currency: "EUR",
    });
    expect(made.status).toBe(201);
    await using browser = await Browser.open({ width: 390, height: 844, dark: true });
    const { page } = browser;
    await page.goto(`${run.gateway}/#/?search=zzqx`);
    await page.locator("#main a[href*='product']", { hasText: "zzqx" }).first().click();
    await page.getByRole("button", { name: "Add to cart" }).waitFor();
    expect(await page.title()).not.toBe("owned");
    await browser.shoot("storefront-phone-dark");
    expect(browser.errors).toEqual([]);
  });
});
