import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReady } from "../../bench/processes.ts";
import { eventually } from "../kit/run.ts";
import { expectThat, Observed } from "./observed.ts";

const folder = join(import.meta.dir, "python");
/** Stays for the next time. */
const environment = join(tmpdir(), "microcosm-interop-python");

/**
 * A service of the run calls a process in Python, which is instrumented with OpenTelemetry's SDK and calls back: one trace
 * of both, in the run's observer, with the lines and metrics of both.
 */
export async function python(): Promise<string> {
  if (Bun.which("python3") === null) return "skipped, there is no python3";
  install();
  // The address of the run is known when it is up, and that of Python when it is; so Python is a port to be told.
  let answer = (_request: Request): Response | Promise<Response> => new Response(null, { status: 503 });
  using relay = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => answer(request) });
  const env = { PRICING: relay.url.origin };
  await using observed = await Observed.start({ topology: join(folder, "topology.yaml"), env });
  const { gateway } = observed.run;
  const pricing = await startReady([join(environment, "bin", "python"), join(folder, "pricing.py")], {
    env: {
      ...process.env,
      ...observed.exporterEnv,
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_BSP_SCHEDULE_DELAY: "200",
    },
  });
  try {
    answer = ({ headers }) => fetch(`http://127.0.0.1:${pricing.line}/price`, { headers });
    const quote = await fetch(`${gateway}/quote/7`, { headers: { "x-stock": `${gateway}/stock/7` } });
    const body = (await quote.json()) as Record<string, unknown>;
    expectThat(body.priceCents === 999 && body.stock === 3, () => JSON.stringify(body));
    return await observedBoth(observed, quote.headers.get("x-request-id") ?? "");
  } finally {
    await pricing.stop();
  }
}

async function observedBoth(observed: Observed, traceId: string): Promise<string> {
  const expected = [
    "gateway GET /quote/{id}",
    "gateway GET front",
    "front GET /quote/{id}",
    "pricing GET /price",
    "pricing GET stock",
    "gateway GET /stock/{id}",
    "gateway GET front",
    "front GET /stock/{id}",
  ];
  const detail = await observed.trace(traceId, ({ spans }) => spans.length === expected.length);
  const { spans, orphans } = detail;
  for (const [place, span] of spans.entries()) {
    const parent = spans[place - 1]?.spanId;
    const isNext = span.parentSpanId === parent && `${span.service} ${span.name}` === expected[place];
    expectThat(isNext, () => `span ${place}: ${JSON.stringify(spans, null, 1)}`);
  }
  expectThat(orphans === 0, () => `${orphans} orphans`);
  expectThat(spans[3]?.events?.[0]?.attributes.stock === 3, () => "the event of a span is missing");
  const line = await eventually("a log line of Python, in the trace", async () =>
    (await observed.logs()).find((log) => log.service === "pricing" && log.traceId === traceId),
  );
  const metrics = await eventually("metrics of Python", async () => {
    const text = await observed.text("/metrics");
    const found = text.match(/^pricing_(quotes_total|duration_seconds_count)\{.*\} 1$/gm);
    return found?.length === 2 && found;
  });
  return `one trace of ${spans.length} spans over 2 languages, "${line.message}" in it, and ${metrics.length} metrics`;
}

function install(): void {
  if (!existsSync(join(environment, "bin", "python"))) run(["python3", "-m", "venv", environment]);
  const pip = [join(environment, "bin", "python"), "-m", "pip", "install", "--quiet"];
  run([...pip, "--disable-pip-version-check", "-r", join(folder, "requirements.txt")]);
}

function run(command: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`);
}
