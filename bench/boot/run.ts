import { join } from "node:path";
import { formatSpread, spread } from "../measure.ts";
import { prepareStart } from "../prepare.ts";
import { startReady } from "../processes.ts";
import { pssOf } from "./pss.ts";

const root = join(import.meta.dir, "..", "..");

/**
 * `up` of the shop to the first 200 through the gateway, beside spawning as many bare Bun workers that import hono and
 * drizzle-orm; and the memory (PSS) of a service beside such a worker. One run, interleaved.
 */
export async function benchBoot(options: { readonly rounds: number }) {
  await prepareStart();
  const rounds: { up: number; bare: number; servicePss: number; barePss: number; workers: number }[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const up = await measureUp();
    const bare = await measureBare(up.workers);
    rounds.push({ up: up.ms, bare: bare.ms, servicePss: up.pss, barePss: bare.pss, workers: up.workers });
  }
  const ratio = spread(rounds.map((r) => r.up / r.bare));
  const memory = spread(rounds.map((r) => r.servicePss / r.barePss));
  process.stdout.write(`workers      ${rounds[0]?.workers} (services, gateway, broker)\n`);
  process.stdout.write(
    `up to 200    ${formatSpread(spread(rounds.map((r) => r.up)), 0)} ms, new databases, supervisor's own start included\n`,
  );
  process.stdout.write(`bare workers ${formatSpread(spread(rounds.map((r) => r.bare)), 0)} ms\n`);
  process.stdout.write(`ratio        ${formatSpread(ratio)} (budget ≤ 1.5)\n`);
  process.stdout.write(
    `memory       ${formatSpread(spread(rounds.map((r) => r.servicePss / 2 ** 20)), 1)} MiB PSS a service, bare ${formatSpread(spread(rounds.map((r) => r.barePss / 2 ** 20)), 1)} MiB, ratio ${formatSpread(memory)} (budget ≤ 1.3)\n`,
  );
  return { ratio, memory, rounds };
}

interface ReadyLine {
  readonly gateway: string;
  readonly instances: readonly { readonly pid: number; readonly role: string }[];
}

async function measureUp(): Promise<{ ms: number; pss: number; workers: number }> {
  const began = performance.now();
  const child = await startReady(
    [
      process.execPath,
      join(root, "main.ts"),
      "up",
      join(root, "topology.yaml"),
      "--ephemeral",
      "--port=0",
      "--control-port=0",
      "--json",
    ],
    // One that is made up is told on the terminal, in the midst of the figures.
    { env: { ...process.env, MICROCOSM_ADMIN_PASSWORD: crypto.randomUUID() } },
  );
  try {
    const ready = JSON.parse(child.line) as ReadyLine;
    const response = await fetch(`${ready.gateway}/v1/products?limit=1`);
    const ms = performance.now() - began;
    if (response.status !== 200) throw new Error(`the first answer was ${response.status}`);
    await Bun.sleep(1000);
    const services = ready.instances.filter((instance) => instance.role === "service");
    const pss = services.map((instance) => pssOf(instance.pid));
    return { ms, pss: spread(pss).median, workers: ready.instances.length };
  } finally {
    await child.stop();
  }
}

async function measureBare(count: number): Promise<{ ms: number; pss: number }> {
  const began = performance.now();
  const children = await Promise.all(
    Array.from({ length: count }, () =>
      startReady([process.execPath, join(import.meta.dir, "bare-worker.ts")]),
    ),
  );
  const ms = performance.now() - began;
  try {
    await Bun.sleep(1000);
    return { ms, pss: spread(children.map((child) => pssOf(child.process.pid))).median };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}
