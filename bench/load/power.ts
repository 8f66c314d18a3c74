/**
 * `bun bench/load/power.ts [--rounds N] [--seconds N] [--connections N]`: how many requests a second one generator process
 * makes in a closed loop, beside wrk and autocannon on the same bare `Bun.serve`, and how busy that one was with it; then
 * how late its sends are in an open loop at half of that. Order reversed every other round.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatSpread, spread } from "../measure.ts";
import { startReady } from "../processes.ts";
import { readEnvironment } from "../report/environment.ts";
import { counted } from "../report/figures.ts";
import { treeCpuMs } from "../topology/processes.ts";
import { wrk } from "../wrk.ts";
import { makePlan, type PlanOptions } from "./plan.ts";
import type { LoadResult } from "./result.ts";
import { runLoad } from "./run.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "32" },
  },
});
const [rounds, seconds, connections] = [
  Number(values.rounds),
  Number(values.seconds),
  Number(values.connections),
];
const autocannonScript = join(import.meta.dir, "..", "peers", "node_modules", "autocannon", "autocannon.js");

interface Figure {
  readonly perSecond: number;
  /** Of the generator's own processes, with the kernel's work for them: what a busy machine does not change much. */
  readonly cpuMicros: number;
}

/** Share of a core that the target took, in percent: at a hundred nobody gets more out of it. */
interface Beside {
  readonly targetBusy: number;
}

type Measure = (url: string) => Promise<Figure>;

const ours = (url: string, loop: PlanOptions["loop"]): Promise<LoadResult> =>
  runLoad(makePlan({ url, durationMs: seconds * 1000, warmup: 1000, connections, loop }));

const closed: Measure = async (url) => {
  const { perSecond, generators } = await ours(url, { kind: "closed", clients: connections, thinkMs: 0 });
  return { perSecond, cpuMicros: (generators[0]!.cpuShare / perSecond) * 1e6 };
};

const contenders = new Map<string, Measure>([["microcosm", closed]]);
if (Bun.which("wrk") !== null) {
  contenders.set("wrk", async (url) => {
    const { requestsPerSecond, cpuMicros } = await wrk({ url, connections, seconds, headers: {} });
    return { perSecond: requestsPerSecond, cpuMicros };
  });
}
if (existsSync(autocannonScript) && Bun.which("node") !== null) contenders.set("autocannon", autocannon);

async function autocannon(url: string): Promise<Figure> {
  const command = [
    "node",
    autocannonScript,
    "-c",
    `${connections}`,
    "-d",
    `${seconds}`,
    "-W",
    "[",
    "-c",
    `${connections}`,
    "-d",
    "1",
    "]",
    "--json",
    url,
  ];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  const report = text.split("\n").findLast((line) => line.includes('"requests"'));
  if (report === undefined) throw new Error(`autocannon printed no report: ${text}`);
  const perSecond = (JSON.parse(report) as { requests: { average: number } }).requests.average;
  // Its warm-up of a second is in the CPU time, and not in the average.
  const requests = perSecond * (seconds + 1);
  return { perSecond, cpuMicros: Number(child.resourceUsage()!.cpuTime.total) / requests };
}

/** Median over the half seconds, so that neither start nor end of a measurement counts. */
async function watched<T>(pid: number, measure: () => Promise<T>): Promise<T & Beside> {
  const shares: number[] = [];
  let last = { at: performance.now(), cpuMs: treeCpuMs(pid) };
  const timer = setInterval(() => {
    const now = { at: performance.now(), cpuMs: treeCpuMs(pid) };
    shares.push(((now.cpuMs - last.cpuMs) / (now.at - last.at)) * 100);
    last = now;
  }, 500);
  try {
    return { ...(await measure()), targetBusy: spread(shares).median };
  } finally {
    clearInterval(timer);
  }
}

const environment = readEnvironment();
process.stdout.write(
  `bare Bun.serve, ${connections} connections, ${seconds} s a measurement, ${counted(rounds, "round")}; Bun ${environment.bun}, ` +
    `${environment.cpu}, ${environment.cores} cores, ${environment.busyBefore.toFixed(1)} of them busy\n`,
);
for (const name of ["wrk", "autocannon"]) {
  if (!contenders.has(name)) process.stdout.write(`${name} is not installed and was not measured\n`);
}
const figures = new Map<string, (Figure & Beside)[]>([...contenders.keys()].map((name) => [name, []]));
const lateShares: number[] = [];
const lateP99Ms: number[] = [];
const waitedShares: number[] = [];
for (let round = 0; round < rounds; round++) {
  const target = await startReady([process.execPath, join(import.meta.dir, "bare-target.ts")]);
  const url = `http://127.0.0.1:${target.line}/`;
  try {
    // The target compiles its hot path first, at nobody's cost.
    await closed(url);
    for (const [name, measure] of round % 2 === 0 ? contenders : [...contenders].toReversed()) {
      figures.get(name)!.push(await watched(target.process.pid, () => measure(url)));
    }
    const rate = Math.round(figures.get("microcosm")!.at(-1)!.perSecond / 2);
    const [health] = (await ours(url, { kind: "open", arrivals: { kind: "constant", rate } })).generators;
    lateShares.push((health!.late / health!.due) * 100);
    lateP99Ms.push(health!.lateP99Ms);
    if (health!.waitedShare !== undefined) waitedShares.push(health!.waitedShare * 100);
  } finally {
    await target.stop();
  }
}
const own = figures.get("microcosm")!;
/** Of two contenders, round by round. */
const ratio = (some: readonly Figure[], others: readonly Figure[], of: (figure: Figure) => number) =>
  formatSpread(spread(some.map((figure, i) => of(figure) / of(others[i]!))));
const perSecond = (figure: Figure) => figure.perSecond;
for (const [name, found] of figures) {
  const beside =
    name === "microcosm"
      ? ""
      : `   ours makes ${ratio(own, found, perSecond)} × as many, and ${ratio(found, own, ({ cpuMicros }) => cpuMicros)} × for the same CPU`;
  const made = formatSpread(spread(found.map(perSecond)), 0);
  const cost = formatSpread(spread(found.map(({ cpuMicros }) => cpuMicros)), 1);
  const busy = formatSpread(spread(found.map(({ targetBusy }) => targetBusy)), 0);
  process.stdout.write(
    `${name.padEnd(11)} ${made} requests/s, ${cost} µs of CPU each, target busy ${busy} % of a core${beside}\n`,
  );
}
const [byWrk, byAutocannon] = [figures.get("wrk"), figures.get("autocannon")];
if (byWrk !== undefined && byAutocannon !== undefined) {
  process.stdout.write(`wrk makes   ${ratio(byWrk, byAutocannon, perSecond)} × as many as autocannon\n`);
}
const waited =
  waitedShares.length === 0
    ? ""
    : `; ready to run and without a core ${formatSpread(spread(waitedShares))} % of the time`;
process.stdout.write(
  `open loop   at half of it, ${formatSpread(spread(lateShares))} % of the sends over 1 ms late, p99 ${formatSpread(spread(lateP99Ms), 3)} ms${waited}\n`,
);
