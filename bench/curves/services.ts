import { measureServices, type ServicesResult } from "../services/measure.ts";
import type { Curve } from "./curve.ts";

/** After this long an idle service rests; `bench services` waits longer. */
const settleSeconds = 35;
/** A start takes seconds, and whatever else the machine does in them comes on top. */
const starts = 3;

/** 5 to 200 services in one topology. */
export const services: Curve = {
  name: "services",
  title: "Services in a topology",
  xLabel: "services",
  how: `So many trivial services started together, ${starts} times, the fastest: until all are ready. Of the last of them, the memory of all processes, and the CPU time that they use from ${settleSeconds} s on while nothing is asked of them.`,
  sizes: [5, 25, 50, 100, 200],
  expectations: [
    { figure: "readyMs", shape: "linear" },
    { figure: "startCpuMs", shape: "linear" },
    { figure: "pssMiB", shape: "linear" },
    { figure: "idlePercent", shape: "linear" },
  ],
  async measure(sizes, { seconds }, { point }) {
    for (const x of sizes) {
      const found: ServicesResult[] = [];
      while (found.length < starts - 1) {
        found.push(await measureServices(x, { settleSeconds: 0, seconds: 0 }));
      }
      const last = await measureServices(x, { settleSeconds, seconds: Math.max(10, seconds) });
      found.push(last);
      const readyMs = Math.min(...found.map((start) => start.readyMs));
      const startCpuMs = Math.min(...found.map((start) => start.startCpuMs));
      const idlePercent = last.idle.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
      point({ x, figures: { readyMs, startCpuMs, pssMiB: last.pssMiB, idlePercent } });
    }
  },
};
