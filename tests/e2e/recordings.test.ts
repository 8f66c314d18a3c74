/** A run exported while it goes on and after its end, opened without it, and two of them compared: by command and in a browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Comparison } from "../../runtime/comparison/comparison.ts";
import { seriousFaults } from "../kit/accessibility.ts";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { Opened } from "../kit/opened.ts";
import { cli, eventually, root, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";
import { writeShopTopology } from "../kit/shop-topology.ts";

const testTimeoutMs = 120_000;
/** A start, an export, an end, and an export after it. */
const setUpTimeoutMs = 240_000;
const orders = 6;
let folder: string;
/** Exported while it went on, and after its end. */
let during: string;
let after: string;
let secrets: string[];

/** One run for all: some orders, a scale and a kill; exported, then ended and exported once more. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mc-recordings-"));
  during = join(folder, "during.microcosm");
  after = join(folder, "after.microcosm");
  const data = join(folder, "data");
  const topology = await writeShopTopology(folder, { more: { telemetry: { sample: 1 } } });
  const run = await Run.start({ data, topology });
  try {
    await shopping(run);
    // The slider of moments goes in whole seconds, and one of them has to lie between the start and this.
    await Bun.sleep(2000);
    expect((await run.cli("scale", "catalog=2")).code).toBe(0);
    process.kill((await run.instance("payments-1")).pid!, "SIGKILL");
    await eventually("payments is back", async () => (await run.instance("payments-1")).generation === 2);
    // What the observer takes for whole it has then.
    await eventually("traces of all orders", async () => (await ordersTraced(run)) >= 1);
    // One that is counted and left out.
    const { searchParams } = new URL(run.dashboard);
    const headers = {
      authorization: `Bearer ${searchParams.get("token")}`,
      "content-type": "application/json",
    };
    const refused = await fetch(`${run.control}/v1/traces`, { method: "POST", body: "{", headers });
    expect(refused.status).toBe(400);
    const told = await run.cli("export", "--output", during, "--json");
    expect([told.code, told.stderr]).toEqual([0, ""]);
    expect((await run.instances()).every(({ state }) => state === "ready")).toBe(true);
    const token = new URL(run.dashboard).searchParams.get("token")!;
    const saved = await fetch(`${run.control}/api/export`, { headers: { authorization: `Bearer ${token}` } });
    expect(saved.headers.get("content-disposition")).toMatch(/filename="shop-\d{8}-\d{6}\.microcosm"/);
    await Bun.write(join(folder, "saved.microcosm"), saved);
    secrets = [token, await tokenOf(run)];
  } finally {
    expect(await run.stop()).toBe(0);
  }
  const told = await cli(["export", "--data", data, "-o", after]);
  expect([told.code, told.stderr]).toEqual([0, ""]);
}, setUpTimeoutMs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the file", () => {
  test("leaves no draft and no copy behind", () => {
    expect(readdirSync(folder).sort()).toEqual([
      "after.microcosm",
      "data",
      "during.microcosm",
      "saved.microcosm",
      "topology.yaml",
    ]);
  });

  test("is not replaced unless told to", async () => {
    const refused = await cli(["export", "--data", join(folder, "data"), "-o", after]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("is there already: --force replaces it");
  });

  test("of a place where nothing ran says so", async () => {
    const refused = await cli(["export", "--data", join(folder, "nowhere"), "-o", join(folder, "x")]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("There is nothing to export in");
  });
});

describe("opened", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await Opened.start(after, during);
  }, testTimeoutMs);
  afterAll(async () => {
    expect(await opened?.stop()).toBe(0);
  });

  test("answers as the run did, and does nothing", async () => {
    const traces = await opened.json<{ name: string }[]>("/api/telemetry/traces?route=/v1/orders");
    expect(traces.length).toBeGreaterThan(0);
    const run = await opened.json<{ startedAt: number; recording: { endedAt: number } }>("/api/run");
    expect(run.recording.endedAt).toBeGreaterThan(run.startedAt);
    const timeline = await opened.json<{ text: string }[]>("/api/telemetry/timeline");
    for (const text of ["shop started", "scale catalog to 2", "payments-1 backoff → starting"]) {
      expect(timeline.map((entry) => entry.text)).toContain(text);
    }
    const kill = await opened.ask("/api/instances/orders-1/kill", "POST");
    expect([kill.status, ((await kill.json()) as { detail: string }).detail]).toEqual([
      409,
      "This is a recording: nothing runs that could do this.",
    ]);
    expect((await opened.ask("/api/telemetry/live")).status).toBe(409);
    expect((await fetch(`${opened.url}/api/run`)).status).toBe(401);
  });

  test("tells no secret", async () => {
    const logs = await opened.json<{ message: string }[]>("/api/telemetry/logs?limit=1000");
    const text = JSON.stringify([
      logs,
      await opened.json("/api/telemetry/timeline"),
      await opened.json("/api/topology"),
      await opened.json("/api/run"),
    ]);
    expect([...secrets, folder, root].filter((one) => text.includes(one))).toEqual([]);
  });

  test.skipIf(chromiumPath === undefined && process.env.CI === undefined)(
    "shows the map as it was, and says that it is a recording",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(opened.link);
      await page.locator(".recording-banner").getByText("after.microcosm").waitFor();
      const catalog = page.locator("[data-service=catalog]");
      await catalog.locator("[data-instance=catalog-2][data-state=ready]").waitFor();
      // Until it was scaled there was one. The slider goes in whole seconds.
      const { startedAt } = await opened.json<{ startedAt: number }>("/api/run");
      const timeline = await opened.json<{ at: number; text: string }[]>("/api/telemetry/timeline");
      const scaledAt = timeline.find(({ text }) => text === "scale catalog to 2")!.at;
      const slider = page.getByRole("slider", { name: "Moment" });
      await slider.fill(String(Math.floor((scaledAt - startedAt) / 1000) * 1000));
      await catalog.locator("[data-instance=catalog-2]").waitFor({ state: "detached" });
      await catalog.click();
      await page.locator(".side .instance[data-instance=catalog-1]").waitFor();
      expect(await page.getByRole("button", { name: "Kill" }).count()).toBe(0);
      expect(await page.getByRole("link", { name: "Bus" }).count()).toBe(0);
      for (const [path, seen] of [
        ["/traces", "POST /v1/orders"],
        ["/logs", "Migrated"],
        ["/charts?by=edge", "gateway → catalog"],
        ["/timeline", "scale catalog to 2"],
        ["/bus", "A recording has no page Bus"],
      ] as const) {
        await page.goto(opened.url + path);
        await page.getByText(seen).first().waitFor();
        expect([path, await seriousFaults(page)]).toEqual([path, []]);
      }
      expect(browser.errors).toEqual([]);
    },
    testTimeoutMs,
  );

  test.skipIf(chromiumPath === undefined && process.env.CI === undefined)(
    "two runs are laid side by side, and a file is added from the browser",
    async () => {
      await using browser = await Browser.open();
      const { page } = browser;
      await page.goto(opened.link);
      await page.getByRole("link", { name: "Runs" }).click();
      await page.getByText("What changed most").waitFor();
      await page.locator(".changes .table-row").first().waitFor();
      await page.getByText("Both ran the same topology.").waitFor();
      await page.locator(".overlaid canvas").first().waitFor();
      for (const scheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        expect([scheme, await seriousFaults(page)]).toEqual([scheme, []]);
        await browser.shoot(`recording-runs-${scheme}`);
      }

      const added = join(folder, "added.microcosm");
      await Bun.write(added, Bun.file(during));
      await page.locator("input[type=file]").setInputFiles(added);
      await page.locator(".run-card").getByText("added.microcosm").waitFor();
      await page.getByRole("button", { name: "Close added.microcosm" }).click();
      await page.locator(".run-card").getByText("added.microcosm").waitFor({ state: "detached" });

      writeFileSync(added, "not a recording at all");
      await page.locator("input[type=file]").setInputFiles(added);
      await page.getByRole("alert").getByText("added.microcosm cannot be opened").waitFor();
      rmSync(added);
      // The browser itself notes the refusal in its console.
      expect(browser.errors.filter((error) => !error.includes("422"))).toEqual([]);
    },
    testTimeoutMs,
  );
});

test.skipIf(chromiumPath === undefined && process.env.CI === undefined)(
  "what a run has left out is told with its recording, also when it was exported after its end",
  async () => {
    for (const file of [during, after]) {
      const opened = await Opened.start(file);
      try {
        await using browser = await Browser.open();
        const { page } = browser;
        await page.goto(opened.link);
        for (const path of ["/logs", "/traces"]) {
          await page.goto(opened.url + path);
          await page.getByTitle("What is not here, and why").click();
          await page.getByRole("dialog").getByText("came without the shape they should have").waitFor();
          await page.getByRole("dialog").getByText("log lines are kept").waitFor();
        }
        await browser.shoot(`recording-losses-${file === during ? "during" : "after"}`);
        expect(browser.errors).toEqual([]);
      } finally {
        expect(await opened.stop()).toBe(0);
      }
    }
  },
  testTimeoutMs,
);

describe("in the terminal", () => {
  test("compare tells what changed, and all of it as JSON", async () => {
    const { stdout, code } = await cli(["compare", during, after, "--all"]);
    expect(code).toBe(0);
    for (const seen of ["route", "POST /v1/orders", "gateway → catalog", "scale catalog to 2", "Topology"]) {
      expect(stdout).toContain(seen);
    }
    const comparison = JSON.parse((await cli(["compare", during, after, "--json"])).stdout) as Comparison;
    const placed = comparison.rows.find(({ kind, name }) => kind === "route" && name === "POST /v1/orders");
    expect([placed?.a?.count, placed?.b?.count]).toEqual([orders, orders]);
    expect(comparison.topology).toEqual([]);
  });

  test("what a browser saves of a run is the same kind of file", async () => {
    const { stdout, code, stderr } = await cli([
      "compare",
      during,
      join(folder, "saved.microcosm"),
      "--json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const { rows } = JSON.parse(stdout) as Comparison;
    expect(rows.find(({ name }) => name === "POST /v1/orders")?.b?.count).toBe(orders);
  });

  test("a data directory is compared as well as a file", async () => {
    const { stdout, code, stderr } = await cli(["compare", during, join(folder, "data"), "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect((JSON.parse(stdout) as Comparison).rows.length).toBeGreaterThan(0);
  });

  test("a file that is none, or damaged, is told with what to do", async () => {
    const broken = join(folder, "broken.microcosm");
    const bytes = await Bun.file(after).bytes();
    await Bun.write(broken, bytes.subarray(0, bytes.length / 2));
    for (const args of [
      ["open", broken, "--port", "0"],
      ["open", join(root, "package.json"), "--port", "0"],
      ["compare", during, broken],
    ]) {
      const { code, stdout, stderr } = await cli(args);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(
        /cannot be opened: (it is damaged or was cut short|it is no recording of a run)\./,
      );
      expect(stderr).toContain("recording-invalid: Export the run again");
    }
    rmSync(broken);
    expect((await cli(["compare", during])).code).toBe(2);
    expect((await cli(["compare", during, after, "--from", "soon"])).stderr).toContain(
      '"soon" is no duration',
    );
  });
});

async function shopping(run: Run): Promise<void> {
  const customer = await Customer.register(run.gateway);
  const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=20");
  for (let round = 0; round < orders; round++) {
    const placed = await customer.order([{ productId: body.items[round]!.id, quantity: 1 }]);
    expect(placed.status).toBe(202);
    for (let look = 0; look < 10; look++) await customer.get(`/v1/products?limit=${look + 1}`);
  }
}

async function ordersTraced(run: Run): Promise<number> {
  const { stdout } = await run.cli("traces", "--route", "/v1/orders", "--json");
  return stdout.split("\n").filter((line) => line !== "").length;
}

/** A token that a client of the shop got, and may not be found in any log. */
async function tokenOf(run: Run): Promise<string> {
  return (await Customer.register(run.gateway)).token!;
}
