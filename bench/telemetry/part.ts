import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Identity, type ItemsRun, makeIdentity, startItems } from "../gateway/items-run.ts";
import type { Figures, PartFacts } from "../peers/part.ts";
import type { PartOptions } from "../peers/parts.ts";
import { microcosmVersion } from "../peers/side.ts";
import { treeCpuMs } from "../topology/processes.ts";
import { wrk } from "../wrk.ts";

const items = join(import.meta.dir, "..", "gateway");
/** The engine goes on compiling for about so long, more where more code runs. */
const warmUpSeconds = 5;
/** One in each order. Then fresh processes: of two that run the same code one can be four percent faster for all its life. */
const roundsOfPair = 2;
export const on = "Microcosm";
export const off = "telemetry off";

export function telemetryFacts({ seconds, connections }: PartOptions): PartFacts {
  const version = microcosmVersion();
  return {
    name: "telemetry",
    title: "What telemetry costs",
    load: `wrk -t1 -c${connections}, GET /items/250, ${seconds} s a turn; both run and are asked in turns, fresh ones every ${roundsOfPair} rounds`,
    sides: [
      { name: on, version, does: "telemetry at its default: 5 % sampled", config: "telemetry: {}" },
      { name: off, version, does: "records nothing", config: "telemetry: { enabled: false }" },
    ],
  };
}

/**
 * The gateway path with telemetry on, at its default sampling, beside the same with telemetry off. Both run side by side
 * and take the load in turns, in the order on-off, off-on, so that what else the machine does falls on both; then a fresh
 * pair does. Beside throughput it tells the CPU time that a request takes in the gateway and the service: it is what throughput comes from
 * where the cores are the limit, and others who want the cores do not change it by much. The load generator, the observer
 * and all workers share the machine's cores.
 */
export async function withTelemetrySides(
  options: PartOptions,
  work: (round: (round: number) => Promise<Readonly<Record<string, Figures>>>) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const identity = await makeIdentity();
  let sides: (readonly [name: string, run: ItemsRun])[] = [];
  const stop = () => Promise.all(sides.map(([, run]) => run.stop()));
  try {
    await work(async (round) => {
      if (round % roundsOfPair === 0 || sides.length === 0) {
        await stop();
        sides = [];
        for (const name of [on, off]) sides.push([name, await start(name, directory, identity)]);
        for (const [, run] of sides) await load(run, identity.token, { ...options, seconds: warmUpSeconds });
      }
      const figures: Record<string, Figures> = {};
      for (const [name, run] of round % 2 === 0 ? sides : sides.toReversed()) {
        figures[name] = await load(run, identity.token, options);
      }
      return figures;
    });
  } finally {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function start(side: string, directory: string, identity: Identity): Promise<ItemsRun> {
  const text = await Bun.file(join(items, "topology.yaml")).text();
  const file = join(directory, `${side.replace(" ", "-")}.yaml`);
  const placed = text.replace("source: items", `source: ${join(items, "items")}`);
  await Bun.write(file, `${placed}\ntelemetry: ${side === on ? "{}" : "{ enabled: false }"}\n`);
  return await startItems(file, identity.jwks);
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
