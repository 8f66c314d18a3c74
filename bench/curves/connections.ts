import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pssOf } from "../boot/pss.ts";
import { treeCpuMs } from "../topology/processes.ts";
import type { Curve } from "./curve.ts";
import type { HeldFigures, HeldLoad } from "./held-connections.ts";
import { warmUp } from "./load.ts";
import { bootHops, pidOf } from "./hop-topology.ts";

const perSecond = 1000;
/** Files that the generator and the gateway have open besides. */
const spareFiles = 200;

/** 1 to 10,000 connections that all stay open and are used in turn. */
export const connections: Curve = {
  name: "connections",
  title: "Connections to the gateway",
  xLabel: "connections open",
  how: `All of them stay open, and each is used in turn, ${perSecond} requests a second over all (one alone, some 200): what is measured is what a connection costs while it waits.`,
  sizes: [1, 10, 100, 1000, 10_000],
  expectations: [
    { figure: "p50Ms", shape: "flat" },
    { figure: "cpuMicros", shape: "flat" },
    { figure: "gatewayPssMiB", shape: "linear" },
  ],
  async measure(sizes, { seconds }, { point, note }) {
    const limit = openFileLimit();
    for (const x of sizes) {
      if (x + spareFiles > limit) {
        note(
          `${x} connections: not measured, a process may open ${limit} files here; ulimit -n ${x + spareFiles} allows it`,
        );
        continue;
      }
      const run = await bootHops({ services: 1 });
      try {
        const url = `${run.gateway}/hops/1`;
        await warmUp(url);
        const held = await hold({ url, connections: x, perSecond, seconds }, () => treeCpuMs(run.pid));
        const gatewayPssMiB = pssOf(pidOf(run, "gateway-1")) / 2 ** 20;
        await held.end();
        const { answers, p50Ms, p99Ms, cpuMs } = held.figures;
        point({ x, figures: { p50Ms, p99Ms, cpuMicros: (cpuMs / answers) * 1000, gatewayPssMiB } });
      } finally {
        await run.stop();
      }
    }
  },
};

/** The soft limit of this process, which its children get (Linux). */
function openFileLimit(): number {
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return line === "unlimited" ? Number.POSITIVE_INFINITY : Number(line);
}

/** Measures in a process of its own, which keeps its connections open until `end`. */
async function hold(load: HeldLoad, cpuMs: () => number) {
  const measured = Promise.withResolvers<HeldFigures & { readonly cpuMs: number }>();
  let before = 0;
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "held-connections.ts"), JSON.stringify(load)],
    {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      ipc(message: "warm" | HeldFigures) {
        if (message === "warm") before = cpuMs();
        else measured.resolve({ ...message, cpuMs: cpuMs() - before });
      },
    },
  );
  void child.exited.then((code) =>
    measured.reject(new Error(`${load.connections} connections: the client ended with code ${code}`)),
  );
  measured.promise.catch(() => undefined);
  const end = async () => {
    child.kill();
    await child.exited;
  };
  try {
    return { figures: await measured.promise, end };
  } catch (error) {
    await end();
    throw error;
  }
}
