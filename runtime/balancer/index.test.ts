import { expect, test } from "bun:test";
import { seededRandom } from "../clock.ts";
import type { BalancerName } from "../topology/model.ts";
import { candidates } from "./balancer.case.ts";
import { balancerNames, createBalancer } from "./index.ts";

test("every name makes a balancer of its own", () => {
  const offered = candidates(3);
  for (const name of balancerNames) {
    const options = { random: seededRandom(1) };
    const balancer = createBalancer(name, options);
    expect(offered).toContain(balancer.pick(offered, { now: 0 }));
    expect(createBalancer(name, options)).not.toBe(balancer);
  }
});

test("an unknown name is refused with the list of the known", () => {
  const make = () => createBalancer("toString" as BalancerName, { random: seededRandom(1) });
  expect(make).toThrow('unknown balancer "toString", expected one of: round-robin, random');
});
