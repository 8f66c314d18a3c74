/**
 * `bun tests/soak/day/main.ts [--hours 24] [--rate 1000] [--no-page]`: a day's telemetry at 1,000 requests a second, replayed
 * into the observer as fast as it takes it.
 *
 * The observer gets what workers would send it at that rate with the default sampling. Every one of the 86.4 million requests is
 * made up: its durations go into the workers' metrics, what is said under it into their logs. The spans of a request are made
 * when they would leave a worker: when its trace is sampled at its head (some 42 of 1,000), or something in it fails or
 * is slow (two of 1,000), of which the observer then asks for the rest. Those of all others are counted as `unsampled` and
 * not made, as a worker's ring would only forget them. Instruments, recorders, rings and senders are the workers' own.
 *
 * The observer is a process of its own behind its socket, on a clock that is moved with the replay; the dashboard is open
 * in Chromium, where there is one, and somebody goes round its pages once an hour. Prints the observer's file and memory, how
 * long list queries take and what the page holds, hour by hour, and fails when one of the bounds does not hold. Ctrl-C ends it
 * with what was replayed so far.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pssOf } from "../../../bench/boot/pss.ts";
import { seededRandom } from "../../../runtime/clock.ts";
import { ObserverClient } from "../../../runtime/telemetry/observer/client.ts";
import type { ObserverStats } from "../../../runtime/telemetry/query.ts";
import { UnixTransport } from "../../../runtime/transport/unix.ts";
import { VirtualClock } from "../../../runtime/virtual-clock.ts";
import { chromiumPath } from "../../kit/browser.ts";
import { slope } from "../slope.ts";
import { type LookedAt, WatchedPage } from "./page.ts";
import { timeQueries } from "./queries.ts";
import { ReplayedShop } from "./shop.ts";

const retentionMiB = 256;
/** Beside the file. */
const logMiB = 16;
const maxQueryMs = 200;
/** From here on the file is full and all caches are; of a shorter replay growth says nothing. */
const warmHours = 4;
/** Of what is alive of the observer's heap at the end of an hour. */
const maxAliveMiBPerHour = 0.1;
/** Of an hour's lowest memory. What the allocator keeps moves it up and down by some ten MiB within hours. */
const maxSlopeMiBPerHour = 1;
const maxMemoryMiB = 256;
/** Of the page's heap. */
const maxPageMiBPerHour = 0.2;
const goOnEveryMs = 720_000;
const askEveryMs = 600_000;
const weighEveryMs = 60_000;
const startMs = 1_700_000_000_000;

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "24" },
    rate: { type: "string", default: "1000" },
    "no-page": { type: "boolean" },
  },
});
const [hours, rate] = [amountOf("hours"), amountOf("rate")];
const begun = performance.now();
const folder = mkdtempSync(join(tmpdir(), "mc-day-"));
const file = join(folder, "observer.sqlite");
const socket = join(folder, "o.sock");

const clock = new VirtualClock(startMs);
const transport = new UnixTransport();
const counted = { ns: 0, at: startMs };
let acknowledge: () => void = () => {};
let aliveMiB = 0;
/** The observer is where its clock should be. */
let passed: Promise<void> = Promise.resolve();
/** Ctrl-C: what was replayed so far is judged. */
let enough = false;
process.once("SIGINT", () => {
  enough = true;
});
const child = Bun.spawn(
  [process.execPath, join(import.meta.dir, "observer.ts"), socket, file, String(startMs)],
  {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: ({ aliveBytes }: { readonly aliveBytes?: number }) => {
      if (aliveBytes !== undefined) aliveMiB = aliveBytes / 2 ** 20;
      acknowledge();
    },
  },
);
const client = new ObserverClient({
  transport,
  self: { service: "supervisor", instance: "supervisor", generation: 1 },
  locate: async () => socket,
  clock: { now: Date.now, after: clock.after.bind(clock) },
});
try {
  await new Promise<void>((resolve) => {
    acknowledge = resolve;
  });
  process.exitCode = (await replay()) ? 0 : 1;
} finally {
  await client.stop();
  child.disconnect();
  await child.exited;
  rmSync(folder, { recursive: true, force: true });
}

async function replay(): Promise<boolean> {
  const shop = new ReplayedShop({ random: seededRandom(7), clock, transport, observer: socket });
  for (const worker of shop.workers) worker.start();
  // The clock stands still while they connect, or their rings would be full before there is an observer.
  while (shop.workers.some(({ link }) => link === undefined)) {
    await clock.pass(100);
    await Bun.sleep(10);
  }
  const watched =
    values["no-page"] === true || chromiumPath === undefined
      ? undefined
      : await WatchedPage.open({ client, workers: shop.workers, now: () => clock.now() });
  const looks: [hour: number, look: LookedAt][] = [];
  const took = new Map<string, number[]>();
  const memory = new Map<number, number[]>();
  const alive: [hour: number, mib: number][] = [];
  let mostMiB = 0;
  print(
    "  hour   requests     file          PSS     alive    CPU  queries p50 / p95 / max   traces  lines  page's heap  dropped",
  );
  let second = 1;
  for (; second <= hours * 3600 && !enough; second++) {
    await replaySecond(shop, second % 3600 === 0);
    if ((second * 1000) % weighEveryMs === 0) {
      const hour = Math.ceil(second / 3600);
      memory.set(hour, [...(memory.get(hour) ?? []), pssOf(child.pid) / 2 ** 20]);
    }
    if ((second * 1000) % askEveryMs === 0) {
      await passed;
      await timeQueries(client, clock.now(), took);
      memory.get(Math.ceil(second / 3600))?.push(pssOf(child.pid) / 2 ** 20);
      mostMiB = Math.max(mostMiB, sizeMiB(file) + sizeMiB(`${file}-wal`));
    }
    if (watched !== undefined && (second * 1000) % goOnEveryMs === 0 && (await watched.goOn())) {
      looks.push([second / 3600, await watched.look()]);
    }
    if (second % 3600 === 0) {
      await passed;
      alive.push([second / 3600, aliveMiB]);
      await printHour(second / 3600, shop, took, memory.get(second / 3600) ?? [], looks.at(-1)?.[1]);
    }
  }
  for (const worker of shop.workers) await worker.stop();
  const errors = watched?.errors ?? [];
  await watched?.shoot("day-map");
  await watched?.close();
  return verdict((second - 1) / 3600, { took, memory, alive, mostMiB, looks, errors });
}

/** While the observer works on the second before, the workers record this one. */
async function replaySecond(shop: ReplayedShop, isWeighed: boolean): Promise<void> {
  const began = clock.now();
  for (let request = 0; request < rate; request++) shop.request(began + (request * 1000) / rate);
  await passed;
  await clock.pass(1000);
  // A question on each worker's own link: what was sent before it has arrived when it is answered.
  await Promise.all(shop.workers.map(({ link }) => link && arrived(link)));
  passed = new Promise<void>((resolve) => {
    acknowledge = resolve;
  });
  child.send({ passMs: 1000, isWeighed });
}

function arrived(link: NonNullable<ReplayedShop["workers"][number]["link"]>): Promise<void> {
  return new Promise((resolve, reject) => {
    link.call({ query: "metrics" }, null, 0, { reply: () => resolve(), fail: reject });
  });
}

async function printHour(
  hour: number,
  shop: ReplayedShop,
  took: ReadonlyMap<string, readonly number[]>,
  memory: readonly number[],
  look: LookedAt | undefined,
): Promise<void> {
  const stats = await client.json<ObserverStats>("stats");
  // Of this hour.
  const times = [...took.values()].flatMap((own) => own.slice(-3_600_000 / askEveryMs)).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const dropped = Object.entries(stats.dropped).map(([reason, count]) => `${reason} ${count}`);
  print(
    [
      String(hour).padStart(6),
      String(shop.requests).padStart(10),
      `${sizeMiB(file).toFixed(0)} MiB`.padStart(8),
      `${Math.min(...memory).toFixed(0)}–${Math.max(...memory).toFixed(0)} MiB`.padStart(12),
      `${aliveMiB.toFixed(1)} MiB`.padStart(9),
      `${(cpuShare() * 100).toFixed(1)} %`.padStart(6),
      `${at(0.5).toFixed(1)} / ${at(0.95).toFixed(1)} / ${at(1).toFixed(1)} ms`.padStart(25),
      String(stats.tracesStored).padStart(8),
      String(stats.logsStored).padStart(6),
      (look === undefined ? "no page" : `${look.heapMiB.toFixed(1)} MiB`).padStart(12),
      ` ${dropped.join(", ") || "nothing"}`,
    ].join(" "),
  );
}

/** Of one core, in the time that the replay stands for, since the last call. */
function cpuShare(): number {
  const [ns = "0"] = readFileSync(`/proc/${child.pid}/schedstat`, "utf8").split(" ");
  const share = (Number(ns) - counted.ns) / 1e6 / (clock.now() - counted.at);
  counted.ns = Number(ns);
  counted.at = clock.now();
  return share;
}

interface Findings {
  readonly took: ReadonlyMap<string, readonly number[]>;
  /** Of the observer's process, in MiB, by hour. */
  readonly memory: ReadonlyMap<number, readonly number[]>;
  /** Of its heap, in MiB. */
  readonly alive: readonly (readonly [hour: number, mib: number])[];
  /** On disk. */
  readonly mostMiB: number;
  readonly looks: readonly (readonly [hour: number, look: LookedAt])[];
  readonly errors: readonly string[];
}

function verdict(replayedHours: number, findings: Findings): boolean {
  const { took, memory, alive, mostMiB, looks, errors } = findings;
  const p95 = [...took]
    .map(([name, times]) => [name, [...times].sort((a, b) => a - b)] as const)
    .map(([name, times]) => ({
      name,
      p95: times[Math.floor(times.length * 0.95)] ?? 0,
      max: times.at(-1) ?? 0,
    }))
    .sort((a, b) => b.p95 - a.p95);
  print("\nslowest queries:");
  for (const { name, p95: most, max } of p95.slice(0, 8)) {
    print(`  ${name.padEnd(40)} p95 ${most.toFixed(1)} ms, max ${max.toFixed(1)} ms`);
  }
  const isLong = replayedHours >= 2 * warmHours;
  const isWarm = ([hour]: readonly [number, unknown]) => !isLong || hour > warmHours;
  const growth = slope([...memory].map(([hour, mib]) => [hour, Math.min(...mib)] as const).filter(isWarm));
  const highestMiB = Math.max(...[...memory.values()].flat());
  const heap = looks.filter(isWarm).map(([hour, { heapMiB }]) => [hour, heapMiB] as const);
  // Of a shorter replay growth is that of the caches.
  const grows = (holds: boolean) => (isLong ? holds : undefined);
  const checks: [string, boolean | undefined][] = [
    [
      `file and its log at most ${mostMiB.toFixed(0)} MiB (bound ${retentionMiB} + ${logMiB})`,
      mostMiB <= retentionMiB + logMiB,
    ],
    [
      `slowest query p95 ${p95[0]?.p95.toFixed(1) ?? "–"} ms (bound ${maxQueryMs})`,
      p95[0] === undefined ? undefined : p95[0].p95 <= maxQueryMs,
    ],
    [
      `alive of the heap: ${(alive.at(-1)?.[1] ?? 0).toFixed(1)} MiB, grows by ${slope(alive.filter(isWarm)).toFixed(2)} MiB an hour (bound ${maxAliveMiBPerHour})`,
      grows(slope(alive.filter(isWarm)) <= maxAliveMiBPerHour),
    ],
    [
      `memory: an hour's lowest grows by ${growth.toFixed(2)} MiB an hour (bound ${maxSlopeMiBPerHour})`,
      grows(growth <= maxSlopeMiBPerHour),
    ],
    [`memory at most ${highestMiB.toFixed(0)} MiB (bound ${maxMemoryMiB})`, highestMiB <= maxMemoryMiB],
  ];
  if (looks.length > 0) {
    const [first, last] = [looks.find(isWarm)?.[1], looks.at(-1)?.[1]];
    const pageGrowth = slope(heap);
    checks.push([
      `page's heap ${pageGrowth.toFixed(2)} MiB an hour (bound ${maxPageMiBPerHour}), ${first?.nodes} → ${last?.nodes} nodes, ` +
        `${first?.listeners} → ${last?.listeners} listeners`,
      grows(pageGrowth <= maxPageMiBPerHour),
    ]);
    checks.push([
      `the page complained of ${errors.length === 0 ? "nothing" : errors.join("; ")}`,
      errors.length === 0,
    ]);
  }
  const minutes = (performance.now() - begun) / 60_000;
  print(`\n${replayedHours.toFixed(1)} h replayed in ${minutes.toFixed(0)} min`);
  for (const [text, holds] of checks) {
    if (holds === undefined) print(`– ${text}: not judged (too short)`);
    else print(`${holds ? "✓" : "✗"} ${text}`);
  }
  return checks.every(([, holds]) => holds !== false);
}

function sizeMiB(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20;
}

function amountOf(name: "hours" | "rate"): number {
  const amount = Number(values[name]);
  if (!(amount > 0)) throw new Error(`--${name}: expected a number above 0, got "${values[name]}"`);
  return amount;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
