import { measureServices } from "../services/run.ts";
import type { Curve } from "./curve.ts";

/** After this long an idle service rests; `bench services` waits longer, and tells more. */
const settleSeconds = 35;

/** 5 to 200 services in one topology. */
export const services: Curve = {
  name: "services",
  title: "Services in a topology",
  xLabel: "services",
  how: `So many trivial services started together: until all are ready, the memory of all processes, and the CPU time that they use from ${settleSeconds} s on while nothing is asked of them.`,
  sizes: [5, 25, 50, 100, 200],
  expectations: [
    { figure: "readyMs", shape: "linear" },
    { figure: "startCpuMs", shape: "linear" },
    { figure: "pssMiB", shape: "linear" },
    { figure: "idlePercent", shape: "linear" },
  ],
  async measure(sizes, { seconds }, { point }) {
    for (const x of sizes) {
      const found = await measureServices(x, { settleSeconds, seconds: Math.max(10, seconds) });
      const { readyMs, startCpuMs, pssMiB } = found;
      const idlePercent = found.idle.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
      point({ x, figures: { readyMs, startCpuMs, pssMiB, idlePercent } });
    }
  },
};
