import type { Curve } from "./curve.ts";
import { bootHops } from "./hop-topology.ts";
import { measureLoad, warmUp } from "./load.ts";
import { lowestOfTurns } from "./turns.ts";

/** Together some 200 requests a second: no process has a second one to do at once, whatever the length of the way. */
const visitors = { clients: 20, thinkMs: 100 };

/** A request that goes through 1, 2, 4, 8 services in a row. */
export const hops: Curve = {
  name: "hops",
  title: "Services in a row",
  xLabel: "services that a request passes",
  how: "One topology of a chain of services, whose answer is asked for from further and further down: by one client as fast as it can, then by 200 requests a second, of which the CPU time of all processes is told. The lowest of three turns.",
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
      const points = await lowestOfTurns(sizes, async (x) => {
        const url = `${run.gateway}/hops/${x}`;
        const { p50Ms: aloneP50Ms } = await measureLoad([run.pid], { url, clients: 1, seconds });
        const { p50Ms, cpuMicros } = await measureLoad([run.pid], { url, ...visitors, seconds });
        return { aloneP50Ms, p50Ms, cpuMicros };
      });
      for (const found of points) point(found);
    } finally {
      await run.stop();
    }
  },
};
