import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ItemsRun, makeIdentity, startItems } from "../gateway/items-run.ts";
import type { Figures, PartFacts } from "../peers/part.ts";
import type { PartOptions } from "../peers/parts.ts";
import { microcosmVersion } from "../peers/side.ts";
import { treeCpuMs } from "../topology/processes.ts";
import { wrk } from "../wrk.ts";

const items = join(import.meta.dir, "..", "gateway");
const warmUpSeconds = 2;
export const on = "Microcosm";
export const off = "telemetry off";

export function telemetryFacts({ seconds, connections }: PartOptions): PartFacts {
  const version = microcosmVersion();
  return {
    name: "telemetry",
    title: "What telemetry costs",
    load: `wrk -t1 -c${connections}, GET /items/250, ${seconds} s a turn; both run all the time and are asked in turns`,
    sides: [
      { name: on, version, does: "telemetry at its default: 5 % sampled", config: "telemetry: {}" },
      { name: off, version, does: "records nothing", config: "telemetry: { enabled: false }" },
    ],
  };
}

/**
 * The gateway path with telemetry on, at its default sampling, beside the same with telemetry off. Both run all the time
 * and take the load in turns, in the order on-off, off-on, …, so that what else the machine does falls on both. Beside
 * throughput it tells the CPU time that a request takes in the gateway and the service: it is what throughput comes from
 * where the cores are the limit, and others who want the cores do not change it by much. The load generator, the observer
 * and all workers share the machine's cores.
 */
export async function withTelemetrySides(
  options: PartOptions,
  work: (round: (round: number) => Promise<Readonly<Record<string, Figures>>>) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const identity = await makeIdentity();
  const sides: [name: string, run: ItemsRun][] = [];
  try {
    for (const [name, telemetry] of [[on, "{}"] as const, [off, "{ enabled: false }"] as const]) {
      const text = await Bun.file(join(items, "topology.yaml")).text();
      const file = join(directory, `${name.replace(" ", "-")}.yaml`);
      const placed = text.replace("source: items", `source: ${join(items, "items")}`);
      await Bun.write(file, `${placed}\ntelemetry: ${telemetry}\n`);
      sides.push([name, await startItems(file, identity.jwks)]);
    }
    for (const [, run] of sides) await load(run, identity.token, { ...options, seconds: warmUpSeconds });
    await work(async (round) => {
      const figures: Record<string, Figures> = {};
      for (const [name, run] of round % 2 === 0 ? sides : sides.toReversed()) {
        figures[name] = await load(run, identity.token, options);
      }
      return figures;
    });
  } finally {
    await Promise.all(sides.map(([, run]) => run.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function load(run: ItemsRun, token: string, { seconds, connections }: PartOptions): Promise<Figures> {
  const cpuMs = (...roles: readonly string[]) =>
    run.instances
      .filter(({ id }) => roles.some((role) => id.startsWith(`${role}-`)))
      .reduce((sum, { pid }) => sum + treeCpuMs(pid), 0);
  const before = { path: cpuMs("gateway", "items"), observer: cpuMs("observer") };
  const result = await wrk({
    url: `${run.url}/items/250`,
    connections,
    headers: { authorization: `Bearer ${token}` },
    seconds,
  });
  if (result.errors > 0) throw new Error(`${result.errors} of its answers were errors`);
  const { requestsPerSecond: perSecond, p50Ms, p99Ms } = result;
  const aRequest = (ms: number) => (ms * 1000) / (perSecond * seconds);
  const cpuMicros = aRequest(cpuMs("gateway", "items") - before.path);
  const observerMicros = aRequest(cpuMs("observer") - before.observer);
  return { perSecond, p50Ms, p99Ms, cpuMicros, allCpuMicros: cpuMicros + observerMicros };
}
