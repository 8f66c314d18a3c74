import { MicrocosmError } from "../../sdk/errors.ts";
import type { Random } from "../clock.ts";
import type { BalancerName } from "../topology/model.ts";
import type { Balancer } from "./balancer.ts";
import { ConsistentHash } from "./consistent-hash.ts";
import { LeastPending } from "./least-pending.ts";
import { PeakEwma } from "./peak-ewma.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";
import { Weighted } from "./weighted.ts";

/** `balancer:` of topology.yaml → implementation. The compiler asks for an entry per name. */
const balancers: Readonly<Record<BalancerName, (random: Random) => Balancer>> = {
  "round-robin": (random) => new RoundRobin(random),
  random: (random) => new RandomChoice(random),
  "least-pending": (random) => new LeastPending(random),
  "peak-ewma": (random) => new PeakEwma(random),
  "consistent-hash": (random) => new ConsistentHash(random),
  weighted: () => new Weighted(),
};

export const balancerNames = Object.keys(balancers) as readonly BalancerName[];

/** A balancer for one edge of one caller. Throws `topology-invalid` for a name that is not in the table. */
export function createBalancer(name: BalancerName, options: { readonly random: Random }): Balancer {
  if (!Object.hasOwn(balancers, name)) {
    const known = balancerNames.join(", ");
    throw new MicrocosmError("topology-invalid", `unknown balancer "${name}", expected one of: ${known}`);
  }
  return balancers[name](options.random);
}
