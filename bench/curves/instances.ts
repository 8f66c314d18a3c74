import type { Curve } from "./curve.ts";
import { bootHops } from "./hop-topology.ts";
import { measureLoad, warmUp } from "./load.ts";

const clients = 32;

/** One service in 1 to 16 processes, the same load. */
export const instances: Curve = {
  name: "instances",
  title: "Instances of a service",
  xLabel: "instances",
  how: `${clients} clients ask one service, whose instances share the machine's cores with the gateway and the clients: more of them cannot do more here, and should not cost more either.`,
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
        await warmUp(url);
        point({ x, figures: { ...(await measureLoad([run.pid], { url, clients, seconds })) } });
      } finally {
        await run.stop();
      }
    }
  },
};
