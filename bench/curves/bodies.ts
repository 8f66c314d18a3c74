import type { Curve } from "./curve.ts";
import { bootHops } from "./hop-topology.ts";
import { measureLoad, warmUp } from "./load.ts";
import { lowestOfTurns } from "./turns.ts";

const clients = 4;

/** Bodies of 100 B to 1 MB, down and up. */
export const bodies: Curve = {
  name: "bodies",
  title: "Size of bodies",
  xLabel: "bytes",
  how: `${clients} clients get an answer of so many bytes from a service behind the gateway, then send a body of as many. From 64 KiB on bodies go in chunks with flow control. The lowest of three turns.`,
  sizes: [100, 1000, 10_000, 100_000, 1_000_000],
  expectations: [
    { figure: "downP50Ms", shape: "linear" },
    { figure: "downCpuMicros", shape: "linear" },
    { figure: "upP50Ms", shape: "linear" },
    { figure: "upCpuMicros", shape: "linear" },
  ],
  async measure(sizes, { seconds }, { point }) {
    const run = await bootHops({ services: 1 });
    try {
      await warmUp(`${run.gateway}/bytes/100`);
      const points = await lowestOfTurns(sizes, async (x) => {
        const down = await measureLoad([run.pid], { url: `${run.gateway}/bytes/${x}`, clients, seconds });
        const up = await measureLoad([run.pid], {
          url: `${run.gateway}/bytes`,
          method: "POST",
          body: "x".repeat(x),
          clients,
          seconds,
        });
        return {
          downP50Ms: down.p50Ms,
          downCpuMicros: down.cpuMicros,
          upP50Ms: up.p50Ms,
          upCpuMicros: up.cpuMicros,
        };
      });
      for (const found of points) point(found);
    } finally {
      await run.stop();
    }
  },
};
