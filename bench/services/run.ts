import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareStart } from "../prepare.ts";
import { startReady } from "../processes.ts";
import { type KindUsage, pssOfTree, type TreeMember, usageOf, watch } from "./process-tree.ts";
import { writeTopology } from "./topology.ts";

const root = join(import.meta.dir, "..", "..");

export interface ServicesOptions {
  /** How many services, one run each. */
  readonly counts: readonly number[];
  /** From ready to where the watching begins. */
  readonly settleSeconds: number;
  /** How long is watched. */
  readonly seconds: number;
}

export interface ServicesResult {
  readonly services: number;
  readonly readyMs: number;
  readonly startCpuMs: number;
  readonly pssMiB: number;
  readonly idle: readonly KindUsage[];
}

/** What many services cost: their start, their memory, and what they use while nothing is asked of them. Linux only. */
export async function benchServices(options: ServicesOptions): Promise<ServicesResult[]> {
  if (process.platform !== "linux") {
    process.stdout.write("not measured: reads /proc, so Linux only\n");
    return [];
  }
  await prepareStart();
  process.stdout.write(
    `idle: over ${options.seconds} s, from ${options.settleSeconds} s after ready on; the tree is the supervisor and all its workers\n`,
  );
  process.stdout.write("services  ready  start CPU    PSS of tree  a service  idle CPU  wake-ups/s\n");
  const results: ServicesResult[] = [];
  for (const count of options.counts) {
    const result = await measureServices(count, options);
    results.push(result);
    process.stdout.write(`${row(result)}\n`);
    for (const kind of result.idle) process.stdout.write(`${kindRow(kind)}\n`);
  }
  return results;
}

interface ReadyLine {
  readonly instances: readonly { readonly pid: number; readonly role: string }[];
}

/** One run of so many services. Starts from source unless something has prepared it. */
export async function measureServices(
  services: number,
  options: Pick<ServicesOptions, "settleSeconds" | "seconds">,
): Promise<ServicesResult> {
  const folder = mkdtempSync(join(tmpdir(), "microcosm-services-"));
  try {
    const began = performance.now();
    const child = await startReady([
      process.execPath,
      join(root, "main.ts"),
      "up",
      writeTopology(folder, services),
      "--ephemeral",
      "--port=0",
      "--control-port=0",
      "--json",
    ]);
    try {
      const readyMs = performance.now() - began;
      const ready = JSON.parse(child.line) as ReadyLine;
      const tree: TreeMember[] = [
        { pid: child.process.pid, kind: "supervisor" },
        ...ready.instances.map(({ pid, role }) => ({ pid, kind: role })),
      ];
      const startCpuMs = tree.reduce((sum, { pid }) => sum + usageOf(pid).cpuNs, 0) / 1e6;
      await Bun.sleep(options.settleSeconds * 1000);
      const idle = await watch(tree, options.seconds * 1000);
      return { services, readyMs, startCpuMs, pssMiB: pssOfTree(tree) / 2 ** 20, idle };
    } finally {
      await child.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function row({ services, readyMs, startCpuMs, pssMiB, idle }: ServicesResult): string {
  const cpu = idle.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
  const wakeUps = idle.reduce((sum, { wakeUpsPerSecond }) => sum + wakeUpsPerSecond, 0);
  return [
    String(services).padEnd(8),
    `${(readyMs / 1000).toFixed(1)} s`.padStart(6),
    `${startCpuMs.toFixed(0)} ms`.padStart(10),
    `${pssMiB.toFixed(0)} MiB`.padStart(13),
    `${(pssMiB / services).toFixed(1)} MiB`.padStart(10),
    `${cpu.toFixed(2)} %`.padStart(9),
    wakeUps.toFixed(1).padStart(11),
  ].join(" ");
}

function kindRow({ kind, processes, cpuPercent, wakeUpsPerSecond }: KindUsage): string {
  const name = processes > 1 ? `${kind} × ${processes}` : kind;
  return `  ${name.padEnd(51)} ${`${cpuPercent.toFixed(2)} %`.padStart(9)} ${wakeUpsPerSecond.toFixed(1).padStart(11)}`;
}
