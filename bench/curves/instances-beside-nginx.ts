/**
 * `bun bench/curves/instances-beside-nginx.ts [seconds] [rounds]`: what a request costs with ever more instances of a
 * service, and with as many Bun.serve behind nginx. The instances share the machine's cores; does that alone cost as much?
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answeredInTime } from "../load/result.ts";
import { makePlan } from "../load/plan.ts";
import { runLoad } from "../load/run.ts";
import { formatSpread, spread } from "../measure.ts";
import { startServer } from "../peers/child.ts";
import { programPath } from "../peers/side.ts";
import { freePort, untilListening } from "../ports.ts";
import { prepareStart } from "../prepare.ts";
import { startReady } from "../processes.ts";
import { columns } from "../report/terminal.ts";
import { CpuWindow } from "../topology/cpu-window.ts";
import { treeOf } from "../topology/processes.ts";
import { bootHops } from "./hop-topology.ts";
import { warmUp } from "./load.ts";

const sizes = [1, 4, 16];
const clients = 32;
const [seconds = 3, rounds = 3] = process.argv.slice(2).map(Number);

interface Running {
  readonly url: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

async function microcosm(instances: number): Promise<Running> {
  const run = await bootHops({ services: 1, instances });
  return { url: `${run.gateway}/hops/1`, pids: [run.pid], stop: () => run.stop() };
}

async function nginx(instances: number): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), "mc-nginx-"));
  const script = join(import.meta.dir, "bare-hop.ts");
  const apps = await Promise.all(
    Array.from({ length: instances }, () => startReady([process.execPath, script])),
  );
  const port = await freePort();
  const file = join(directory, "nginx.conf");
  writeFileSync(
    file,
    nginxConfig(
      directory,
      port,
      apps.map(({ line }) => line),
    ),
  );
  const command = [programPath("nginx")!, "-c", file, "-e", join(directory, "error.log")];
  const proxy = await startServer(command, () => untilListening(port));
  return {
    url: `http://127.0.0.1:${port}/hops/1`,
    pids: [proxy.pid, ...apps.map(({ process: { pid } }) => pid)],
    stop: async () => {
      await proxy.stop();
      await Promise.all(apps.map((app) => app.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One worker, as Microcosm has one gateway. */
function nginxConfig(directory: string, port: number, upstreams: readonly string[]): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `daemon off; worker_processes 1; pid ${directory}/nginx.pid; events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  ${paths.map((name) => `${name}_temp_path ${directory}/${name};`).join(" ")}
  upstream app { ${upstreams.map((upstream) => `server 127.0.0.1:${upstream};`).join(" ")} keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`;
}

/** Of all threads of these processes and of what they started, so far. */
function contextSwitches(pids: readonly number[]): number {
  let count = 0;
  for (const thread of pids.flatMap(treeOf).flatMap(threadsOf)) {
    for (const [, switches] of thread.matchAll(/ctxt_switches:\s+(\d+)/g)) count += Number(switches);
  }
  return count;
}

/** What the kernel says of each. One that ends meanwhile is left out, with its process. */
function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"),
    );
  } catch {
    return [];
  }
}

async function measure({ url, pids }: Running, instances: number) {
  await warmUp(url, instances);
  const cpu = new CpuWindow(pids);
  let [before, after] = [0, 0];
  const plan = makePlan({
    ...{ url, durationMs: seconds * 1000, warmup: 0 },
    loop: { kind: "closed", clients, thinkMs: 0 },
  });
  const load = await runLoad(plan, {
    begins: () => {
      cpu.hooks.begins?.();
      before = contextSwitches(pids);
    },
    ends: () => {
      cpu.hooks.ends?.();
      after = contextSwitches(pids);
    },
  });
  return {
    perSecond: load.perSecond,
    cpuMicros: cpu.msPerAnswer(load) * 1000,
    switches: (after - before) / answeredInTime(load),
  };
}

if (programPath("nginx") === undefined) throw new Error("nginx is not installed: bench/peers/install.sh");
await prepareStart();
const found = new Map<string, Awaited<ReturnType<typeof measure>>[]>();
for (let round = 0; round < rounds; round++) {
  for (const size of round % 2 === 0 ? sizes : sizes.toReversed()) {
    for (const start of round % 2 === 0 ? [microcosm, nginx] : [nginx, microcosm]) {
      const running = await start(size);
      try {
        const name = `${start.name} ${size}`;
        found.set(name, [...(found.get(name) ?? []), await measure(running, size)]);
      } finally {
        await running.stop();
      }
    }
  }
}
const rows = [microcosm, nginx].flatMap(({ name }) =>
  sizes.map((size) => {
    const own = found.get(`${name} ${size}`) ?? [];
    const cell = (key: "perSecond" | "cpuMicros" | "switches", digits: number) =>
      formatSpread(spread(own.map((figures) => figures[key])), digits);
    return [name, `${size}`, cell("perSecond", 0), cell("cpuMicros", 0), cell("switches", 2)];
  }),
);
const head = ["", "instances", "requests a second", "CPU µs a request", "context switches a request"];
process.stdout.write(`${columns([head, ...rows])}\n`);
