/** Everything that comes from outside is shown as the text it is: the same evil name in every place, on every page. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { metric } from "../../runtime/telemetry/names.ts";
import { Browser, chromiumPath } from "../kit/browser.ts";
import { eventually, Run } from "../kit/run.ts";
import { Customer } from "../kit/shop.ts";

const evil = "<img src=x onerror=alert(1)>";
const traceId = "ab".repeat(16);
const asText = (value: string) => ({ stringValue: value });
const resource = { attributes: [{ key: "service.name", value: asText(evil) }] };
const nanos = (ms: number) => `${Math.round(ms)}000000`;

describe.skipIf(chromiumPath === undefined && process.env.CI === undefined)("what others wrote", () => {
  let run: Run;
  let browser: Browser;
  let directory: string;
  let told: ReturnType<typeof setInterval>;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "mc-evil-"));
    run = await Run.start();
    const token = new URL(run.dashboard).searchParams.get("token")!;
    const tell = (path: string, body: unknown) =>
      fetch(run.control + path, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const admin = await Customer.admin(run.gateway);
    const product = { name: evil, description: evil, priceCents: 1, currency: "EUR" };
    expect((await admin.send("POST", "/v1/products", product)).status).toBe(201);
    const topics = `/api/bus/topics/product.created/events`;
    expect((await tell(topics, { data: { [evil]: evil }, key: evil, subject: evil })).ok).toBe(true);
    expect((await tell("/v1/traces", spans(Date.now()))).status).toBe(200);
    expect((await tell("/v1/logs", logs(Date.now()))).status).toBe(200);
    // The map and the charts show what is told now.
    const metrics = () => tell("/v1/metrics", durations(Date.now()));
    expect((await metrics()).status).toBe(200);
    told = setInterval(() => void metrics().catch(() => undefined), 1000);
    browser = await Browser.open();
    browser.page.on("dialog", () => browser.errors.push("a dialog opened: something was not escaped"));
    await browser.page.goto(run.dashboard);
  }, 90_000);

  afterAll(async () => {
    clearInterval(told);
    await browser?.[Symbol.asyncDispose]();
    await run?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  /** There is no element made of it, nothing of it ran, and nothing else failed. */
  async function harmless(what: string): Promise<void> {
    expect([what, await browser.page.locator('img, [onerror], [src="x"]').count()]).toEqual([what, 0]);
    // The browser calls each answer that refuses something an error; here they are asked for.
    const failed = browser.errors.filter((error) => !/status of 4\d\d/.test(error));
    browser.errors.length = 0;
    expect([what, failed]).toEqual([what, []]);
  }

  /** Shown, and shown as text. */
  async function seen(what: string): Promise<void> {
    const { page } = browser;
    await eventually(what, async () => ((await page.locator("main").textContent()) ?? "").includes(evil));
    await harmless(what);
  }

  const query = encodeURIComponent(evil);
  const places = [
    ["a service and an edge on the map", `/map?service=${query}`],
    ["an edge's panel", `/map?edge=${encodeURIComponent(`${evil} call catalog`)}`],
    ["the list of traces", `/traces?service=${query}`],
    ["a trace, its spans, events and attributes", `/traces/${traceId}`],
    ["lines of the log", `/logs?service=${query}`],
    ["lines of a charts' legend", `/charts?service=${query}&by=edge`],
    ["events of a topic", "/bus/product.created?tab=tail"],
    ["rows of a table", "/data/catalog/products"],
    ["a topic that is not there", `/bus/${query}`],
  ] as const;

  for (const [what, path] of places) {
    test(what, async () => {
      const { page } = browser;
      await page.goto(run.control + path);
      if (path.startsWith("/data/")) await page.getByRole("button", { name: "Newest first" }).click();
      await seen(what);
    }, 60_000);
  }

  for (const [path, said] of [
    [`/${query}`, "There is no such page"],
    [`/traces/${query}`, "This trace is not here"],
    [`/data/${query}/${query}`, "Data"],
    [`/requests/${query}`, "API"],
  ] as const) {
    test(`what is not there: ${decodeURIComponent(path)}`, async () => {
      const { page } = browser;
      await page.goto(run.control + path);
      await page.locator("main", { hasText: said }).waitFor();
      await harmless(path);
    }, 60_000);
  }

  test("a parameter of the address, on every page", async () => {
    const { page } = browser;
    const names =
      "service route status minMs maxMs attribute text instance level trace edge by range tab with from to";
    const all = names
      .split(" ")
      .map((name) => `${name}=${query}`)
      .join("&");
    for (const path of ["/map", "/traces", "/logs", "/charts", "/bus", "/data", "/requests", "/timeline"]) {
      await page.goto(`${run.control}${path}?${all}`);
      await page.locator("main > *").first().waitFor();
      await page.locator(".loading-line").first().waitFor({ state: "detached" });
      // What cannot be asked is refused by the server, and said; nothing fails in the page.
      await harmless(path);
    }
  }, 90_000);

  test("a file that is opened as a trace, and its name", async () => {
    const { page } = browser;
    const span = {
      ...{
        traceId,
        spanId: "1".repeat(16),
        name: evil,
        kind: evil,
        service: evil,
        instance: evil,
        generation: 1,
      },
      ...{ startMs: 1, durationMs: 1, status: evil, attributes: { [evil]: evil, "db.query.text": evil } },
      events: [{ name: evil, at: 1, attributes: { [evil]: evil } }],
    };
    const log = { at: 1, service: evil, instance: evil, level: "info", message: evil, spanId: span.spanId };
    const trace = { summary: { name: evil }, spans: [span], logs: [log], orphans: 0 };
    const file = join(directory, "<img src=x onerror=alert(1)>.json".replaceAll("/", ""));
    await Bun.write(file, JSON.stringify({ format: "microcosm-trace", version: 1, savedAt: evil, trace }));
    await page.goto(`${run.control}/traces`);
    await page.locator("input[type=file]").setInputFiles(file);
    // Shown or refused, but never as markup.
    await page.locator(".waterfall-row, [role=alert]").first().waitFor();
    await harmless("a file");
  }, 60_000);
});

function spans(now: number) {
  const attributes = [{ key: evil, value: asText(evil) }];
  const times = { startTimeUnixNano: nanos(now - 5), endTimeUnixNano: nanos(now) };
  const span = { traceId, spanId: "cd".repeat(8), name: evil, kind: 2, ...times, attributes };
  const events = [{ name: evil, timeUnixNano: nanos(now - 1), attributes }];
  return {
    resourceSpans: [
      { resource, scopeSpans: [{ spans: [{ ...span, events, status: { code: 2, message: evil } }] }] },
    ],
  };
}

function logs(now: number) {
  const record = { timeUnixNano: nanos(now), severityNumber: 17, body: asText(evil), traceId };
  const attributes = [{ key: evil, value: asText(evil) }];
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [{ ...record, attributes }] }] }] };
}

function durations(now: number) {
  const point = (labels: Record<string, string>) => ({
    attributes: Object.entries(labels).map(([key, value]) => ({ key, value: asText(value) })),
    timeUnixNano: nanos(now),
    ...{ count: "10", sum: 20, scale: 0, zeroCount: "0", positive: { offset: 0, bucketCounts: ["10"] } },
  });
  const histogram = (name: string, labels: Record<string, string>) => ({
    name,
    unit: "ms",
    exponentialHistogram: { aggregationTemporality: 1, dataPoints: [point(labels)] },
  });
  return {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            metrics: [
              histogram(metric.serverDuration, { route: evil, outcome: "ok" }),
              histogram(metric.clientDuration, { to: "catalog", outcome: "ok" }),
              histogram(metric.publishDuration, { topic: evil, outcome: "ok" }),
            ],
          },
        ],
      },
    ],
  };
}
