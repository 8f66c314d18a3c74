import { balancerCases } from "./balancer.case.ts";
import { RandomChoice } from "./random.ts";

balancerCases("random", (random) => new RandomChoice(random));
