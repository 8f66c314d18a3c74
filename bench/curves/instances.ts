import type { Curve } from "./curve.ts";
import { bootHops } from "./hop-topology.ts";
import { idleCpu, measureLoad, warmUp } from "./load.ts";

/** Together some 500 requests a second. */
const visitors = { clients: 50, thinkMs: 100 };
const crowd = 32;

/** One service in 1 to 16 processes. */
export const instances: Curve = {
  name: "instances",
  title: "Instances of a service",
  xLabel: "instances",
  how: `500 requests a second to one service, which any of its instances can take; the CPU time that the processes use without being asked is not in that of a request. Then, without a verdict, as many as ${crowd} clients get: all instances share the machine's cores with the gateway and the clients, so that more of them cannot do more here; and one that has many requests at once answers them with fewer turns, reads and writes than many that have one each.`,
  sizes: [1, 2, 4, 8, 16],
  expectations: [
    { figure: "p50Ms", shape: "flat" },
    { figure: "cpuMicros", shape: "flat" },
  ],
  async measure(sizes, { seconds }, { point }) {
    for (const x of sizes) {
      const run = await bootHops({ services: 1, instances: x });
      try {
        const url = `${run.gateway}/hops/1`;
        await warmUp(url, x);
        const idleMs = await idleCpu([run.pid], seconds);
        const { p50Ms, p99Ms, ...asked } = await measureLoad([run.pid], { url, ...visitors, seconds });
        const { perSecond, cpuMicros: fullCpuMicros } = await measureLoad([run.pid], {
          url,
          clients: crowd,
          seconds,
        });
        const cpuMicros = asked.cpuMicros - (idleMs / asked.perSecond) * 1000;
        const idlePercent = idleMs / 10;
        point({ x, figures: { p50Ms, p99Ms, cpuMicros, idlePercent, perSecond, fullCpuMicros } });
      } finally {
        await run.stop();
      }
    }
  },
};
