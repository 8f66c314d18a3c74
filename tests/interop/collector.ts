import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { eventually } from "../kit/run.ts";
import { Customer, type Order } from "../kit/shop.ts";
import { writeShopTopology } from "../kit/shop-topology.ts";
import { startCapture } from "./capture.ts";
import { compareLogs, compareMetrics, compareOtlp, compareStored, compareZipkin } from "./compare.ts";
import { freePort } from "../../bench/ports.ts";
import { Observed } from "./observed.ts";

const version = "0.165.0";
/** Stays for the next time: a build takes some minutes. */
const built = join(tmpdir(), `microcosm-interop-collector-${version}`);
const reads = 50;
const orders = 5;

/**
 * The OpenTelemetry Collector, assembled from its official modules, takes what a run exports (OTLP and Zipkin), and passes
 * it on: as JSON to a backend that compares each record with what the run has, and as gzipped protobuf to the observer of a
 * second run.
 */
export async function collector(): Promise<string> {
  if (Bun.which("go") === null) return "skipped, there is no Go to build it with (Debian's package golang)";
  const binary = await build();
  const folder = mkdtempSync(join(tmpdir(), "mc-collector-"));
  try {
    const sink = { topology: await sinkTopology(folder) };
    await using second = await Observed.start(sink);
    using backend = startCapture();
    const [otlp, zipkin] = [await freePort(), await freePort()];
    const config = join(folder, "collector.yaml");
    await Bun.write(config, stringify(collectorConfig({ otlp, zipkin, backend: backend.url, second })));
    const child = Bun.spawn([binary, `--config=file:${config}`], { stdio: ["ignore", "inherit", "inherit"] });
    try {
      await eventually(
        "the collector listens",
        async () => (await fetch(`http://127.0.0.1:${otlp}`)).status > 0,
      );
      await using first = await Observed.start({ topology: await shopTopology(folder, otlp, zipkin) });
      await use(first);
      const traces = await first.settled();
      const said = [
        await compareOtlp(traces, backend.of("otlp")),
        await compareZipkin(traces, backend.of("zipkin")),
        await compareStored(traces, second),
        await compareLogs(first, backend.of("otlp"), second),
        await compareMetrics(first, backend.of("otlp"), second, reads),
      ];
      return `\n  ${said.join("\n  ")}`;
    } finally {
      child.kill();
      await child.exited;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build(): Promise<string> {
  const binary = join(built, "collector");
  if (existsSync(binary)) return binary;
  process.stdout.write("collector: is built, which takes some minutes the first time…\n");
  mkdirSync(built, { recursive: true });
  const recipe = parse(await Bun.file(join(import.meta.dir, "collector", "builder.yaml")).text());
  const config = join(built, "builder.yaml");
  await Bun.write(config, stringify({ ...recipe, dist: { ...recipe.dist, output_path: built } }));
  const builder = `go.opentelemetry.io/collector/cmd/builder@v${version}`;
  const { exitCode, stderr } = Bun.spawnSync(["go", "run", builder, `--config=${config}`], { cwd: built });
  if (exitCode !== 0) throw new Error(`the collector does not build:\n${stderr}`);
  return binary;
}

function collectorConfig(at: { otlp: number; zipkin: number; backend: string; second: Observed }): object {
  const pipeline = (...exporters: string[]) => ({ receivers: ["otlp"], exporters });
  return {
    receivers: {
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${at.otlp}` } } },
      zipkin: { endpoint: `127.0.0.1:${at.zipkin}` },
    },
    exporters: {
      "otlp_http/backend": { endpoint: `${at.backend}/otlp`, encoding: "json" },
      "otlp_http/zipkin": { endpoint: `${at.backend}/zipkin`, encoding: "json" },
      "otlp_http/observer": {
        endpoint: at.second.run.control,
        headers: { authorization: `Bearer ${at.second.token}` },
      },
    },
    service: {
      telemetry: { metrics: { level: "none" }, logs: { level: "warn" } },
      pipelines: {
        traces: pipeline("otlp_http/backend", "otlp_http/observer"),
        logs: pipeline("otlp_http/backend", "otlp_http/observer"),
        metrics: pipeline("otlp_http/backend", "otlp_http/observer"),
        "traces/zipkin": { receivers: ["zipkin"], exporters: ["otlp_http/zipkin"] },
      },
    },
  };
}

/** The shop with all its traces, and the collector to send to. */
async function shopTopology(folder: string, otlp: number, zipkin: number): Promise<string> {
  const [toOtlp, toZipkin] = [`http://127.0.0.1:${otlp}`, `http://127.0.0.1:${zipkin}`];
  const telemetry = { sample: 1, export: { otlp: { url: toOtlp }, zipkin: { url: toZipkin } } };
  return await writeShopTopology(folder, { more: { telemetry } });
}

/** A run of which only the observer is of interest. */
async function sinkTopology(folder: string): Promise<string> {
  await Bun.write(
    join(folder, "idle.ts"),
    'import { defineService } from "microcosm";\nexport const idle = defineService({});\n',
  );
  const file = join(folder, "sink.yaml");
  await Bun.write(
    file,
    stringify({ name: "sink", gateway: { routes: [] }, services: { idle: { source: "idle.ts" } } }),
  );
  return file;
}

/** Reads, orders, and something that a service has a word to say about. */
async function use({ run }: Observed): Promise<void> {
  const customer = await Customer.register(run.gateway);
  const { body } = await customer.get<{ items: { id: string }[] }>("/v1/products?limit=10");
  const ids = body.items.map(({ id }) => id);
  for (let n = 0; n < reads; n++) await customer.get(`/v1/products/${ids[n % ids.length]}`);
  for (let n = 0; n < orders; n++) {
    const placed = await customer.order([{ productId: ids[n]!, quantity: 1 }]);
    await eventually("an order is confirmed", async () => {
      const order = await customer.get<Order>(`/v1/orders/${placed.body.id}`);
      return order.body.status === "confirmed";
    });
  }
  const { refreshToken } = customer;
  for (let n = 0; n < 2; n++) await customer.send("POST", "/v1/tokens/refresh", { refreshToken });
}
