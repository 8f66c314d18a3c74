import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReady } from "../processes.ts";
import { type KindUsage, pssOfTree, type TreeMember, usageOf, watch } from "./process-tree.ts";
import { writeTopology } from "./topology.ts";

const root = join(import.meta.dir, "..", "..");

export interface ServicesOptions {
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

interface ReadyLine {
  readonly instances: readonly { readonly pid: number; readonly role: string }[];
}

/**
 * What many services cost: their start, their memory, and what they use while nothing is asked of them. One run. Starts from
 * source unless something has prepared it. Linux only.
 */
export async function measureServices(services: number, options: ServicesOptions): Promise<ServicesResult> {
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
