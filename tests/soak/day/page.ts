/** The dashboard on a replayed day, as it is at a control address; nothing but telemetry is behind it. */
import { join } from "node:path";
import { Hono } from "hono";
import { dashboardFiles } from "../../../cli/dashboard.ts";
import type { InstanceInfo, RunInfo } from "../../../runtime/control/api.ts";
import { bearerOrSession } from "../../../runtime/control/guard.ts";
import { LiveFeed } from "../../../runtime/control/live-feed.ts";
import { LoopbackServer, newToken } from "../../../runtime/control/loopback.ts";
import { problemHandler } from "../../../runtime/control/problems.ts";
import { pageRoutes } from "../../../runtime/control/routes/pages.ts";
import { graphOf, telemetryRoutes } from "../../../runtime/control/routes/telemetry.ts";
import { Session } from "../../../runtime/control/session.ts";
import { systemClock } from "../../../runtime/clock.ts";
import type { ObserverClient } from "../../../runtime/telemetry/observer/client.ts";
import { loadTopology } from "../../../runtime/topology/load.ts";
import { Browser } from "../../kit/browser.ts";
import type { ReplayedWorker } from "./workers.ts";

export interface LookedAt {
  readonly heapMiB: number;
  readonly nodes: number;
  readonly listeners: number;
}

export interface WatchedOptions {
  readonly client: ObserverClient;
  readonly workers: readonly ReplayedWorker[];
  readonly now: () => number;
}

/** For the page it is the time of the newest graph that it was told. */
const followTime = `(() => {
  let at = Date.now();
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, told) {
    listen.call(this, name, (event) => {
      if (name === "graph") at = JSON.parse(event.data).at;
      told(event);
    });
  };
  Date.now = () => at;
})()`;

/** Once an hour round these, as somebody would who looks at the system all day: lists that are polled, charts, a tail. */
const tour = ["Traces", "Logs", "Metrics", "Timeline", "Map"] as const;

/** One page that stays open all day, and is gone about in without being loaded again. */
export class WatchedPage {
  readonly #browser: Browser;
  readonly #server: LoopbackServer;
  readonly #ending: AbortController;
  #place = 0;

  private constructor(browser: Browser, server: LoopbackServer, ending: AbortController) {
    this.#browser = browser;
    this.#server = server;
    this.#ending = ending;
  }

  static async open(options: WatchedOptions): Promise<WatchedPage> {
    const ending = new AbortController();
    const { server, token } = serve(options, ending.signal);
    server.start();
    const browser = await Browser.open({ staysOnSigint: true });
    // Drawn by software sixty times a second, the dots on the map would take half a core from the replay.
    await browser.page.emulateMedia({ reducedMotion: "reduce" });
    await browser.page.addInitScript(followTime);
    await browser.page.goto(`${server.url}/?token=${token}`);
    return new WatchedPage(browser, server, ending);
  }

  /** What the page complained of. */
  get errors(): readonly string[] {
    return this.#browser.errors;
  }

  /** To the next page of the tour. True when that is the map: the round is over. */
  async goOn(): Promise<boolean> {
    const title = tour[this.#place % tour.length]!;
    this.#place++;
    await this.#browser.page.getByRole("link", { name: title, exact: true }).first().click();
    return title === "Map";
  }

  async look(): Promise<LookedAt> {
    const { page } = this.#browser;
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0;
    await session.detach();
    return { heapMiB: of("JSHeapUsedSize") / 2 ** 20, nodes: of("Nodes"), listeners: of("JSEventListeners") };
  }

  shoot(name: string): Promise<void> {
    return this.#browser.shoot(name);
  }

  async close(): Promise<void> {
    await this.#browser[Symbol.asyncDispose]();
    this.#ending.abort();
    await this.#server.stop();
  }
}

function serve({ client, workers, now }: WatchedOptions, ending: AbortSignal) {
  const token = newToken();
  const { topology } = loadTopology(join(import.meta.dir, "../../../topology.yaml"));
  if (topology === undefined) throw new Error("the shop's topology does not load");
  const startedAt = now();
  const instances = () => workers.map((worker) => infoOf(worker));
  const info = (): RunInfo => ({
    name: topology.name,
    pid: process.pid,
    startedAt,
    mode: "processes",
    gateway: "",
    control: server.url,
    dataDirectory: "",
    topologyFile: topology.file,
  });
  const feed = new LiveFeed({
    graph: () => graphOf(client, instances),
    timeline: () => () => {},
    clock: systemClock,
  });
  const session = new Session(token, () => server.port);
  const api = new Hono()
    .use(bearerOrSession(token, session))
    .get("/run", (c) => c.json(info()))
    .get("/topology", (c) => c.json(topology))
    .get("/instances", (c) => c.json(instances()))
    .route("/telemetry", telemetryRoutes({ observer: client, feed, instances }, ending));
  const app = new Hono()
    .route("/api", api)
    .route("/", pageRoutes({ files: dashboardFiles, token, session }))
    .onError(problemHandler((message) => process.stderr.write(`${message}\n`)));
  const server = new LoopbackServer({ port: 0, fetch: (request) => app.fetch(request) });
  return { server, token };
}

function infoOf({ service, instance }: ReplayedWorker): InstanceInfo {
  return {
    id: instance,
    service,
    role: service === "gateway" || service === "broker" ? service : "service",
    version: "1.0.0",
    generation: 1,
    state: "ready",
    address: "",
    restarts: 0,
  };
}
