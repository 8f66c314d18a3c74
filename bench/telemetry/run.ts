import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../runtime/clock.ts";
import { type ItemsRun, makeIdentity, startItems } from "../gateway/items-run.ts";
import { type WrkResult, wrk } from "../wrk.ts";
import { CpuWatch } from "./cpu.ts";
import { formatRatio, median, pairedRatio } from "./paired.ts";

export interface TelemetryBenchOptions {
  /** Pairs: each side takes the load once in each. */
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

const items = join(import.meta.dir, "..", "gateway");
const warmUpSeconds = 2;

/** One turn of one side. */
interface Turn extends WrkResult {
  /** Microseconds of CPU a request, by who used them. */
  readonly gateway: number;
  readonly service: number;
  /** Of the observer; 0 where there is none. */
  readonly observer: number;
  /** Of gateway and service together, by thread. */
  readonly threads: ReadonlyMap<string, number>;
}

interface Side {
  readonly name: string;
  readonly run: ItemsRun;
  readonly turns: Turn[];
}

/**
 * The gateway path with telemetry on, at its default sampling, beside the same with telemetry off. Both run all the time
 * and take the load in turns, in the order on-off, off-on, …, so that what else the machine does falls on both. The main
 * figure is the CPU time that a request takes in the gateway and the service: it is what throughput comes from where the
 * cores are the limit, and others who want the cores do not change it by much. The load generator, the observer and all
 * workers share the machine's cores.
 */
export async function benchTelemetry(options: TelemetryBenchOptions) {
  const directory = mkdtempSync(join(tmpdir(), "microcosm-bench-"));
  const identity = await makeIdentity();
  const sides: Side[] = [];
  try {
    for (const [name, telemetry] of [["on", "{}"] as const, ["off", "{ enabled: false }"] as const]) {
      const text = await Bun.file(join(items, "topology.yaml")).text();
      const file = join(directory, `${name}.yaml`);
      const placed = text.replace("source: items", `source: ${join(items, "items")}`);
      await Bun.write(file, `${placed}\ntelemetry: ${telemetry}\n`);
      sides.push({ name, run: await startItems(file, identity.jwks), turns: [] });
    }
    const [on, off] = sides as [Side, Side];
    for (const side of sides) await load(side, identity.token, { ...options, seconds: warmUpSeconds });
    for (let round = 0; round < options.rounds; round++) {
      for (const side of round % 2 === 0 ? [on, off] : [off, on]) {
        side.turns.push(await load(side, identity.token, options));
      }
    }
    return report(on.turns, off.turns);
  } finally {
    await Promise.all(sides.map(({ run }) => run.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function load({ name, run }: Side, token: string, options: TelemetryBenchOptions): Promise<Turn> {
  const watch = (role: string) =>
    new CpuWatch(run.instances.filter(({ id }) => id.startsWith(`${role}-`)).map(({ pid }) => pid));
  const [gateway, service, observer] = [watch("gateway"), watch("items"), watch("observer")];
  const result = await wrk({
    url: `${run.url}/items/250`,
    connections: options.connections,
    headers: { authorization: `Bearer ${token}` },
    seconds: options.seconds,
  });
  if (result.errors > 0) throw new Error(`telemetry ${name}: ${result.errors} errors`);
  const requests = result.requestsPerSecond * options.seconds;
  const [ofGateway, ofService, ofObserver] = [gateway, service, observer].map((it) => it.takeUs());
  const aRequest = (used: ReadonlyMap<string, number> | undefined) =>
    [...(used?.values() ?? [])].reduce((sum, us) => sum + us, 0) / requests;
  const threads = new Map<string, number>();
  for (const used of [ofGateway, ofService]) {
    for (const [name, us] of used ?? []) threads.set(name, (threads.get(name) ?? 0) + us / requests);
  }
  return {
    ...result,
    gateway: aRequest(ofGateway),
    service: aRequest(ofService),
    observer: aRequest(ofObserver),
    threads,
  };
}

function report(on: readonly Turn[], off: readonly Turn[]) {
  for (const [name, turns] of [["on", on] as const, ["off", off] as const]) {
    const of = (pick: (turn: Turn) => number, digits: number) => median(turns.map(pick)).toFixed(digits);
    const parts = (["gateway", "service", "observer"] as const).map(
      (part) => `${part} ${of((turn) => turn[part], 2)}`,
    );
    process.stdout.write(
      `telemetry ${name.padEnd(4)} ${parts.join(", ")} µs of CPU a request   ${of((turn) => turn.requestsPerSecond, 0)} requests/s   p99 ${of((turn) => turn.p99Ms, 2)} ms\n`,
    );
  }
  for (const [name, turns] of [["on", on] as const, ["off", off] as const]) {
    const names = new Set(turns.flatMap(({ threads }) => [...threads.keys()]));
    const parts = [...names]
      .map((thread) => [thread, median(turns.map(({ threads }) => threads.get(thread) ?? 0))] as const)
      .filter(([, us]) => us >= 0.05)
      .sort(([, a], [, b]) => b - a)
      .map(([thread, us]) => `${thread} ${us.toFixed(2)}`);
    process.stdout.write(`of that, ${name.padEnd(3)}  ${parts.join(", ")}\n`);
  }
  // The same draws each time: a run's figures can be computed again from its turns.
  const ratioOf = (pick: (turn: Turn) => number) => pairedRatio(on.map(pick), off.map(pick), seededRandom(1));
  const path = ratioOf(({ gateway, service }) => gateway + service);
  const whole = ratioOf(({ gateway, service, observer }) => gateway + service + observer);
  const throughput = ratioOf(({ requestsPerSecond }) => requestsPerSecond);
  const p99 = ratioOf(({ p99Ms }) => p99Ms);
  const line = (name: string, text: string) => process.stdout.write(`${name.padEnd(28)} ${text}\n`);
  process.stdout.write("\non ÷ off, within each pair of turns\n");
  line("CPU of gateway and service", formatRatio(path));
  line("CPU with the observer's", formatRatio(whole));
  line("throughput", `${formatRatio(throughput)}, budget ≥ 0.95`);
  line("p99", `${formatRatio(p99)}, budget ≤ 1.10`);
  return { on, off, path, whole, throughput, p99 };
}
