/**
 * `bun tests/pictures.ts`: the documentation's pictures of the dashboard, anew. Two runs of the shop under load, one undisturbed
 * and one that something happens to, looked at in Chromium live and as recordings; and fifty services. Takes four minutes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fleetTopology } from "../bench/dashboard/fleet.ts";
import { Traffic as FleetTraffic } from "../bench/dashboard/traffic.ts";
import { ControlClient } from "../runtime/control/client.ts";
import { Browser } from "./kit/browser.ts";
import { Opened } from "./kit/opened.ts";
import { adminPassword, Run, root } from "./kit/run.ts";
import { Customer } from "./kit/shop.ts";

const images = join(root, "docs", "images");
const folder = mkdtempSync(join(tmpdir(), "mc-pictures-"));
const [before, after] = [join(folder, "before.microcosm"), join(folder, "after.microcosm")];
const customers = 4;

type Page = Browser["page"];

async function shoot(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(images, `${name}.png`) });
  process.stdout.write(`${name}.png\n`);
}

/** Until `stop`: customers look at products, and now and then one orders. */
async function visits(gateway: string): Promise<{ stop(): Promise<void> }> {
  let over = false;
  const visit = async (number: number) => {
    const customer = await Customer.register(gateway);
    for (let step = number; !over; step++) {
      const id = `p-${String(1 + ((step * 7) % 40)).padStart(4, "0")}`;
      // What fails meanwhile is a part of the picture.
      await customer.send("GET", `/v1/products/${id}`).catch(() => {});
      await customer.send("GET", `/v1/storefront/${id}`).catch(() => {});
      if (step % 3 === 0) await customer.order([{ productId: id, quantity: 1 }]).catch(() => {});
      await Bun.sleep(60 + ((step * 37) % 50));
    }
  };
  const all = Array.from({ length: customers }, (_, number) => visit(number));
  return {
    async stop() {
      over = true;
      await Promise.all(all);
    },
  };
}

async function undisturbed(): Promise<void> {
  const run = await Run.start();
  try {
    const traffic = await visits(run.gateway);
    await Bun.sleep(45_000);
    await run.cli("scale", "catalog=2");
    await Bun.sleep(20_000);
    await run.cli("export", "-o", before);
    await traffic.stop();
  } finally {
    await run.stop();
  }
}

async function disturbed(): Promise<void> {
  const run = await Run.start();
  try {
    const traffic = await visits(run.gateway);
    await Bun.sleep(20_000);
    await run.cli("scale", "catalog=2");
    await Bun.sleep(10_000);
    await act(run, "orders-1", "freeze");
    await Bun.sleep(4000);
    await act(run, "orders-1", "thaw");
    await Bun.sleep(8000);
    await act(run, "inventory-1", "kill");
    await Bun.sleep(10_000);
    await live(run);
    await run.cli("export", "-o", after);
    await traffic.stop();
  } finally {
    await run.stop();
  }
}

async function act(run: Run, instance: string, what: "freeze" | "thaw" | "kill"): Promise<void> {
  const control = await ControlClient.find({ data: run.data });
  await control.post(`/api/instances/${instance}/${what}`);
}

async function live(run: Run): Promise<void> {
  await using browser = await Browser.open();
  const { page } = browser;
  await page.goto(run.dashboard);
  await page.locator("[data-edge='gateway call catalog'].busy").waitFor({ state: "attached" });
  await page.locator("[data-service=catalog]").click();
  const row = page.locator(".instance[data-instance=catalog-1]");
  await row.getByRole("button", { name: "Kill" }).click();
  await row.getByText("generation 2", { exact: true }).waitFor();
  await page.locator("[data-instance=catalog-1][data-state=ready]").first().waitFor();
  await Bun.sleep(8000);
  await shoot(page, "dashboard-map");

  await page.goto(`${run.control}/requests/postV1Products`);
  await page.getByLabel("Password").fill(adminPassword);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("sends your token of admin").waitFor();
  const lamp = { name: "Reading lamp", description: "Warm light", priceCents: 3900, currency: "EUR" };
  await page.getByLabel("Body").fill(JSON.stringify(lamp, undefined, 2));
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".status-badge", { hasText: "201" }).waitFor();
  await shoot(page, "dashboard-api");

  await page.goto(`${run.control}/charts?by=edge`);
  await page.getByRole("radio", { name: "1 min", exact: true }).click();
  await page.locator(".chart canvas").first().waitFor();
  await Bun.sleep(3000);
  await shoot(page, "dashboard-metrics");
  tell(browser);
}

async function recordings(): Promise<void> {
  const opened = await Opened.start(after, before);
  try {
    await using browser = await Browser.open();
    const { page } = browser;
    await page.goto(opened.link);
    await page.locator(".recording-banner").waitFor();
    const { startedAt } = await opened.json<{ startedAt: number }>("/api/run");
    const timeline = await opened.json<{ at: number; text: string }[]>("/api/telemetry/timeline");
    const frozenAt = timeline.find(({ text }) => text.startsWith("freeze"))!.at;
    await page.getByRole("slider", { name: "Moment" }).fill(String(frozenAt - startedAt + 3000));
    await page.locator("[data-service=orders]").click();
    await page.locator(".side .chart canvas").first().waitFor();
    await shoot(page, "recording-map");
    await page.goto(`${opened.url}/timeline`);
    await page.locator(".chart canvas").first().waitFor();
    await Bun.sleep(1000);
    await shoot(page, "dashboard-timeline");
    await page.getByRole("link", { name: "Runs" }).click();
    await page.locator(".changes .table-row").first().waitFor();
    await page.locator(".overlaid canvas").first().waitFor();
    await Bun.sleep(1000);
    await shoot(page, "runs");
    tell(browser);
  } finally {
    await opened.stop();
  }
}

async function fifty(): Promise<void> {
  const topology = join(folder, "fifty.yaml");
  await Bun.write(topology, fleetTopology(join(root, "bench", "dashboard", "service")));
  const run = await Run.start({ topology });
  const token = new URL(run.dashboard).searchParams.get("token")!;
  const traffic = new FleetTraffic(run.control, token, 20_000);
  traffic.start();
  try {
    await using browser = await Browser.open();
    await browser.page.goto(run.dashboard);
    await browser.page.locator("[data-edge='gateway call storefront'].busy").waitFor({ state: "attached" });
    await Bun.sleep(6000);
    await shoot(browser.page, "dashboard-fifty");
    tell(browser);
  } finally {
    traffic.stop();
    await run.stop();
  }
}

function tell({ errors }: Browser): void {
  if (errors.length > 0) process.stderr.write(`the page said: ${errors.join("; ")}\n`);
}

try {
  await undisturbed();
  await disturbed();
  await recordings();
  await fifty();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
