import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BootedRun, bootRun } from "../topology/boot.ts";

const source = join(import.meta.dir, "hop-service.ts");

export interface HopOptions {
  readonly services: number;
  /** Of each service. */
  readonly instances?: number;
}

/** Boots services in a chain, `hop-1` → `hop-2` → …; the gateway leads to the first. */
export async function bootHops(options: HopOptions): Promise<BootedRun> {
  const folder = mkdtempSync(join(tmpdir(), "mc-hops-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  try {
    const topology = join(folder, "topology.yaml");
    writeFileSync(topology, hopTopology(options));
    const run = await bootRun({ topology, data: join(folder, "data") });
    const stop = async () => {
      await run.stop();
      clean();
    };
    return { ...run, stop };
  } catch (error) {
    clean();
    throw error;
  }
}

export function pidOf(run: BootedRun, instance: string): number {
  const pid = run.instances.find(({ id }) => id === instance)?.pid;
  if (pid === undefined) {
    throw new Error(`${instance} does not run; there are ${run.instances.map(({ id }) => id).join(", ")}`);
  }
  return pid;
}

function hopTopology({ services, instances = 1 }: HopOptions): string {
  const lines = [
    "name: curves",
    "gateway:",
    "  port: 0",
    "  routes:",
    '    - { path: "/hops/{left}", service: hop-1 }',
    '    - { path: "/bytes/{count}", service: hop-1 }',
    "    - { path: /bytes, methods: [POST], service: hop-1 }",
    "services:",
  ];
  for (let number = 1; number <= services; number++) {
    const next = number < services ? `hop-${number + 1}` : undefined;
    const edge = next === undefined ? "" : `, uses: [${next}], env: { NEXT: ${next} }`;
    lines.push(`  hop-${number}: { source: ${JSON.stringify(source)}, instances: ${instances}${edge} }`);
  }
  return `${lines.join("\n")}\n`;
}
