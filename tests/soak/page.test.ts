import { expect, test } from "bun:test";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";
import { accelerate, measurePage, type PageGrowth } from "./page.ts";

/**
 * Of a shop's graph the page makes some 30 KiB of objects, 60 times a minute: one that was kept, or an element, a chart or
 * a listener for each, is above this many times over.
 */
const boundKibPerMinute = 200;
const seconds = 10;
/** The map with a panel and its charts; live lists; a tail. */
const paths = ["/map?service=orders", "/traces", "/charts?range=1m", "/bus/order.placed?tab=tail", "/logs"];

test.skipIf(chromiumPath === undefined && process.env.CI === undefined)(
  "a page that is left open does not grow",
  async () => {
    await using run = await Run.start();
    const customer = await Customer.register(run.gateway);
    const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=1");
    const productId = body.items[0]!.id;
    let going = true;
    const load = (async () => {
      while (going) {
        await customer.order([{ productId, quantity: 1 }]).catch(() => undefined);
        await Bun.sleep(50);
      }
    })();
    const all: PageGrowth[] = [];
    try {
      await using browser = await Browser.open();
      await browser.page.addInitScript(accelerate);
      await browser.page.goto(run.dashboard);
      for (const path of paths) all.push(await measurePage(browser.page, run.control, path, seconds));
      expect(browser.errors).toEqual([]);
    } finally {
      going = false;
      await load;
    }
    for (const { path, kibPerMinute, heapMiB, nodes, listeners } of all) {
      process.stdout.write(
        `${path.padEnd(28)} ${heapMiB.toFixed(1)} MiB, ${kibPerMinute.toFixed(0)} KiB a minute, ` +
          `${nodes.join(" → ")} nodes, ${listeners.join(" → ")} listeners\n`,
      );
    }
    expect(all.filter(({ kibPerMinute }) => kibPerMinute > boundKibPerMinute)).toEqual([]);
    // Rows come and go with the list's length; what is made anew each second would be thousands more.
    expect(all.filter(({ nodes: [first, last] }) => last > first * 1.5 + 300)).toEqual([]);
    expect(all.filter(({ listeners: [first, last] }) => last > first * 1.5 + 100)).toEqual([]);
  },
  180_000,
);
