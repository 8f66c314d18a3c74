import type { Balancer } from "./balancer.ts";
import { candidates } from "./balancer.case.ts";

interface Ending {
  readonly at: number;
  readonly candidate: number;
  readonly startedAt: number;
  readonly ok: boolean;
}

/**
 * 4,000 calls, two a millisecond, against instances that each take the given time or fail after 1 ms.
 * Returns each one's share of the calls.
 */
export function simulate(balancer: Balancer, behaviours: readonly (number | "fails")[]): Map<string, number> {
  const calls = 4_000;
  const offered = candidates(behaviours.length);
  const counts = new Map(offered.map(({ id }) => [id, 0]));
  let underWay: Ending[] = [];
  for (let call = 0; call < calls; call++) {
    const now = Math.floor(call / 2);
    const ended = underWay.filter(({ at }) => at <= now);
    underWay = underWay.filter(({ at }) => at > now);
    for (const { at, candidate, startedAt, ok } of ended) {
      offered[candidate]!.pending--;
      balancer.observe?.(offered[candidate]!, at - startedAt, ok, at);
    }
    const choice = balancer.pick(offered, { now, key: `key-${call}` });
    const candidate = offered.indexOf(choice);
    const behaviour = behaviours[candidate]!;
    counts.set(choice.id, counts.get(choice.id)! + 1);
    choice.pending++;
    underWay.push({
      at: now + (behaviour === "fails" ? 1 : behaviour),
      candidate,
      startedAt: now,
      ok: behaviour !== "fails",
    });
  }
  return new Map([...counts].map(([id, count]) => [id, count / calls]));
}
