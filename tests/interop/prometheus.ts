import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../kit/run.ts";
import { freePort } from "../../bench/ports.ts";
import { Observed } from "./observed.ts";

/** A Prometheus server (Debian's package `prometheus`) scrapes the run, and finds the trace behind a latency. */
export async function prometheus(): Promise<string> {
  if (Bun.which("prometheus") === null) return "skipped, it is not installed (Debian's package prometheus)";
  const folder = mkdtempSync(join(tmpdir(), "mc-interop-"));
  try {
    await using shop = await Observed.start();
    return await scraped(shop, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scraped({ run, token }: Observed, folder: string): Promise<string> {
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
