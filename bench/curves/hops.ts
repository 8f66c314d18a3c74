import type { Curve } from "./curve.ts";
import { bootHops } from "./hop-topology.ts";
import { measureLoad, warmUp } from "./load.ts";

const clients = 8;

/** A request that goes through 1, 2, 4, 8 services in a row. */
export const hops: Curve = {
  name: "hops",
  title: "Services in a row",
  xLabel: "services that a request passes",
  how: `One topology of a chain of services; ${clients} clients ask for an answer from further and further down. Latency of a client alone, CPU of all processes.`,
  sizes: [1, 2, 4, 8],
  expectations: [
    { figure: "aloneP50Ms", shape: "linear" },
    { figure: "p50Ms", shape: "linear" },
    { figure: "cpuMicros", shape: "linear" },
  ],
  async measure(sizes, { seconds }, { point }) {
    const run = await bootHops({ services: Math.max(...sizes) });
    try {
      await warmUp(`${run.gateway}/hops/${Math.max(...sizes)}`);
      for (const x of sizes) {
        const url = `${run.gateway}/hops/${x}`;
        const { p50Ms: aloneP50Ms } = await measureLoad([run.pid], { url, clients: 1, seconds });
        const together = await measureLoad([run.pid], { url, clients, seconds });
        point({ x, figures: { aloneP50Ms, ...together } });
      }
    } finally {
      await run.stop();
    }
  },
};
