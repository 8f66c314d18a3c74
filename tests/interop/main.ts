/**
 * `bun tests/interop/main.ts`: the shop beside other people's programs. OpenTelemetry's SDK sends its span into a trace of the
 * run, and a Prometheus server (Debian's package `prometheus`) scrapes it and finds the trace behind a latency.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TraceDetail } from "../../runtime/telemetry/query.ts";
import { eventually, Run } from "../kit/run.ts";

const folder = mkdtempSync(join(tmpdir(), "mc-interop-"));
const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], { cwd: import.meta.dir });
if (install.exitCode !== 0) throw new Error(`the SDK cannot be installed: ${install.stderr}`);

const run = await Run.start();
try {
  const token = JSON.parse(readFileSync(join(run.data, "run", "control.json"), "utf8")).token as string;
  for (const protocol of ["http/json", "http/protobuf"]) {
    say(`OpenTelemetry SDK, ${protocol}: ${await sdkSpan(token, protocol)}`);
  }
  if (Bun.which("prometheus") === null) say("Prometheus: skipped, it is not installed");
  else say(`Prometheus: ${await scraped(token)}`);
} finally {
  await run.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A span of the SDK is the parent of what the shop did for it. */
async function sdkSpan(token: string, protocol: string): Promise<string> {
  const sender = Bun.spawnSync([process.execPath, join(import.meta.dir, "sender.mjs")], {
    env: {
      ...process.env,
      GATEWAY: run.gateway,
      OTEL_EXPORTER_OTLP_ENDPOINT: run.control,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${token}`,
    },
  });
  if (sender.exitCode !== 0) throw new Error(`the sender failed: ${sender.stderr}`);
  const traceId = sender.stdout.toString().trim();
  const detail = await eventually("one trace of both", async () => {
    const answer = await fetch(`${run.control}/api/telemetry/traces/${traceId}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const found = (await answer.json()) as TraceDetail;
    return answer.ok && found.summary.services.length === 3 ? found : undefined;
  });
  const { name, rootService, services, spans } = detail.summary;
  if (rootService !== "node-client" || detail.orphans > 0) throw new Error(JSON.stringify(detail));
  return `"${name}" of ${rootService} has ${spans} spans of ${services.join(", ")}, no orphans`;
}

/** Prometheus takes the scrape, and has the series and their exemplars. */
async function scraped(token: string): Promise<string> {
  const port = await freePort();
  const target = run.control.replace("http://", "");
  writeFileSync(
    join(folder, "prometheus.yml"),
    `scrape_configs:
  - job_name: microcosm
    scrape_interval: 1s
    honor_labels: true
    authorization: { credentials: "${token}" }
    static_configs: [{ targets: ["${target}"] }]
`,
  );
  const server = Bun.spawn(
    [
      "prometheus",
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
      "--log.level=error",
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  try {
    const series = await eventually("series of the gateway", async () => {
      for (let n = 0; n < 20; n++)
        await (await fetch(`${run.gateway}/v1/products?search=${n}`)).arrayBuffer();
      const found = await query<readonly unknown[]>(port, "series", {
        "match[]":
          '{__name__="http_server_request_duration_seconds_count",service="gateway",instance="gateway-1"}',
      });
      return found.length > 0 ? found : undefined;
    });
    const exemplars = await eventually("exemplars", async () => {
      const now = Date.now() / 1000;
      const range = { start: String(now - 60), end: String(now + 60) };
      const found = await query<readonly { exemplars: readonly unknown[] }[]>(port, "query_exemplars", {
        query: "http_server_request_duration_seconds_bucket",
        ...range,
      });
      return found.length > 0 ? found : undefined;
    });
    return `${series.length} series of the gateway's durations, exemplars in ${exemplars.length} buckets' series`;
  } finally {
    server.kill();
    await server.exited;
  }
}

async function query<T>(port: number, path: string, parameters: Record<string, string>): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  return ((await answer.json()) as { data: T }).data;
}

/** Prometheus does not tell which port it got, so it is not asked for any free one. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
