import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatSpread, type Spread, spread } from "../measure.ts";
import { freePort, untilAnswering } from "../ports.ts";
import { type ReadyChild, startReady } from "../processes.ts";
import { type WrkResult, wrk } from "../wrk.ts";
import { makeIdentity, startItems } from "./items-run.ts";

export interface GatewayBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

interface Target {
  readonly name: string;
  start(directory: string): Promise<{ url: string; stop(): Promise<void> }>;
}

const root = join(import.meta.dir, "..", "..");

/**
 * The gateway path beside nginx `proxy_pass`: the same Hono app with one SQLite read behind both; ours also checks a
 * token, counts a rate limit and keeps trace and metrics. Fresh processes each round, order reversed every other round.
 */
export async function benchGateway(options: GatewayBenchOptions) {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const identity = await makeIdentity();
  const targets = [microcosmTarget(identity.jwks), nginxTarget()];
  const results = new Map<string, WrkResult[]>(targets.map((target) => [target.name, []]));
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
        results.get(target.name)?.push(await measure(target, directory, identity.token, options));
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return report(results);
}

async function measure(
  target: Target,
  directory: string,
  token: string,
  options: GatewayBenchOptions,
): Promise<WrkResult> {
  const running = await target.start(directory);
  try {
    const load = {
      url: `${running.url}/items/250`,
      connections: options.connections,
      headers: { authorization: `Bearer ${token}` },
    };
    await wrk({ ...load, seconds: 2 });
    const result = await wrk({ ...load, seconds: options.seconds });
    if (result.errors > 0) throw new Error(`${target.name}: ${result.errors} errors`);
    return result;
  } finally {
    await running.stop();
  }
}

function report(results: ReadonlyMap<string, readonly WrkResult[]>) {
  const rows = [...results].map(([name, rounds]) => ({
    name,
    requestsPerSecond: spread(rounds.map((r) => r.requestsPerSecond)),
    p50Ms: spread(rounds.map((r) => r.p50Ms)),
    p99Ms: spread(rounds.map((r) => r.p99Ms)),
  }));
  const [ours = [], nginx = []] = [...results.values()];
  const ratio: Spread = spread(
    ours.map((r, i) => r.requestsPerSecond / (nginx[i]?.requestsPerSecond ?? Number.NaN)),
  );
  const p99Ratio: Spread = spread(ours.map((r, i) => r.p99Ms / (nginx[i]?.p99Ms ?? Number.NaN)));
  for (const row of rows) {
    process.stdout.write(
      `${row.name.padEnd(12)} ${formatSpread(row.requestsPerSecond, 0)} requests/s   p50 ${formatSpread(row.p50Ms)} ms   p99 ${formatSpread(row.p99Ms)} ms\n`,
    );
  }
  process.stdout.write(
    `ratio        ${formatSpread(ratio)} × nginx's throughput (budget ≥ 1.5), ${formatSpread(p99Ratio)} × its p99 (budget ≤ 1)\n`,
  );
  return { rows, ratio, p99Ratio };
}

function microcosmTarget(jwks: string): Target {
  return {
    name: "microcosm",
    start: () => startItems(join(root, "bench", "gateway", "topology.yaml"), jwks),
  };
}

function nginxTarget(): Target {
  return {
    name: "nginx",
    async start(directory) {
      const app = await startReady([process.execPath, join(import.meta.dir, "bare-server.ts")]);
      let nginx: ReadyChild | undefined;
      try {
        const port = await freePort();
        const config = join(directory, `nginx-${port}.conf`);
        await Bun.write(config, nginxConfig(port, Number(app.line), directory));
        // The echo stands in for the ready line that nginx does not print.
        nginx = await startReady([
          "sh",
          "-c",
          `echo starting; exec nginx -c ${config} -e ${join(directory, "error.log")}`,
        ]);
        const url = `http://127.0.0.1:${port}`;
        await untilAnswering(`${url}/items/1`);
        const proxy = nginx;
        return { url, stop: async () => void (await Promise.all([proxy.stop(), app.stop()])) };
      } catch (error) {
        await nginx?.stop();
        await app.stop();
        throw error;
      }
    },
  };
}

function nginxConfig(port: number, upstream: number, directory: string): string {
  return `daemon off;
worker_processes auto;
pid ${join(directory, `nginx-${port}.pid`)};
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/b;
  proxy_temp_path ${directory}/p;
  fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u;
  scgi_temp_path ${directory}/s;
  upstream app { server 127.0.0.1:${upstream}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;
}
