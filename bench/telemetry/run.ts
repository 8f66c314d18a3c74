import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeIdentity, startItems } from "../gateway/items-run.ts";
import { formatSpread, spread } from "../measure.ts";
import { type WrkResult, wrk } from "../wrk.ts";

export interface TelemetryBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

const items = join(import.meta.dir, "..", "gateway");

/**
 * The gateway path with telemetry on, at its default sampling, beside the same with telemetry off. Both run all the
 * time and take the load in turns, the order reversed every other round, so that what else the machine does falls on
 * both. The load generator, the observer and all workers share the machine's cores.
 */
export async function benchTelemetry(options: TelemetryBenchOptions) {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const identity = await makeIdentity();
  const start = async (name: string, telemetry: string) => {
    const text = await Bun.file(join(items, "topology.yaml")).text();
    const file = join(directory, `${name}.yaml`);
    const placed = text.replace("source: items", `source: ${join(items, "items")}`);
    await Bun.write(file, `${placed}\ntelemetry: ${telemetry}\n`);
    return { name, results: [] as WrkResult[], run: await startItems(file, identity.jwks) };
  };
  const on = await start("on", "{}");
  const off = await start("off", "{ enabled: false }");
  try {
    const load = (side: typeof on, seconds: number) =>
      wrk({
        url: `${side.run.url}/items/250`,
        connections: options.connections,
        headers: { authorization: `Bearer ${identity.token}` },
        seconds,
      });
    for (const side of [on, off]) await load(side, 2);
    for (let round = 0; round < options.rounds; round++) {
      for (const side of round % 2 === 0 ? [on, off] : [off, on]) {
        const result = await load(side, options.seconds);
        if (result.errors > 0) throw new Error(`telemetry ${side.name}: ${result.errors} errors`);
        side.results.push(result);
      }
    }
  } finally {
    await Promise.all([on.run.stop(), off.run.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
  return report(on.results, off.results);
}

function report(on: readonly WrkResult[], off: readonly WrkResult[]) {
  for (const [name, rounds] of [["on", on] as const, ["off", off] as const]) {
    const rate = formatSpread(spread(rounds.map((r) => r.requestsPerSecond)), 0);
    const p99 = formatSpread(spread(rounds.map((r) => r.p99Ms)));
    process.stdout.write(`telemetry ${name.padEnd(4)} ${rate} requests/s   p99 ${p99} ms\n`);
  }
  const ratioOf = (of: (result: WrkResult) => number) =>
    spread(on.map((result, index) => of(result) / of(off[index]!)));
  const ratio = ratioOf((result) => result.requestsPerSecond);
  const p99Ratio = ratioOf((result) => result.p99Ms);
  process.stdout.write(
    `ratio          ${formatSpread(ratio, 3)} × the throughput without (budget ≥ 0.95), ${formatSpread(p99Ratio)} × its p99 (budget ≤ 1.10)\n`,
  );
  return { ratio, p99Ratio, on, off };
}
