import { checkGateway } from "./check-gateway.ts";
import type { Finding } from "./issue.ts";
import { type Names, unknownName } from "./names.ts";
import type { ServiceInput, TopologyInput } from "./schema.ts";

/** Far above what one machine runs; bounds the checks that follow names from service to service. */
const mostServices = 1000;

/** What no schema can say: names that must exist, cycles, settings that contradict each other. */
export function checkTopology(input: TopologyInput, names: Names): Finding[] {
  const services = Object.entries(input.services);
  if (names.services.size > mostServices) {
    return [
      {
        code: "out-of-range",
        path: ["services"],
        at: "key",
        message: `the topology has ${names.services.size} services`,
        expected: `at most ${mostServices}`,
      },
    ];
  }
  const empty: Finding[] =
    names.services.size > 0
      ? []
      : [
          {
            code: "missing-key",
            path: ["services"],
            at: "key",
            message: "the topology has no service",
            expected: "at least one entry under services:",
          },
        ];
  return [
    ...empty,
    ...services.flatMap(([name, service]) => checkEdges(name, service, names)),
    ...services.flatMap(([name, service]) => checkRequired(name, service, names)),
    ...startUpCycles(input.services),
    ...checkTimings(input),
    ...checkGateway(input.gateway, names),
  ];
}

function checkEdges(name: string, service: ServiceInput, names: Names): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [index, edge] of service.uses.entries()) {
    const path = ["services", name, "uses", index];
    const callee = typeof edge === "string" ? edge : edge.service;
    const calleePath = typeof edge === "string" ? path : [...path, "service"];
    if (!names.services.has(callee)) {
      findings.push(unknownName("service", callee, names.services, calleePath, `in uses of ${name}`));
    } else if (seen.has(callee)) {
      findings.push({
        code: "duplicate-entry",
        path: calleePath,
        at: "value",
        message: `${name} already uses ${callee}`,
        expected: "each service once",
      });
    }
    seen.add(callee);
    if (typeof edge !== "string" && edge.policy !== undefined && !names.policies.has(edge.policy)) {
      findings.push(
        unknownName("policy", edge.policy, names.policies, [...path, "policy"], `in uses of ${name}`),
      );
    }
  }
  return findings;
}

function checkRequired(name: string, service: ServiceInput, names: Names): Finding[] {
  return service.requires.flatMap((required, index) =>
    names.services.has(required)
      ? []
      : [
          unknownName(
            "service",
            required,
            names.services,
            ["services", name, "requires", index],
            `in requires of ${name}`,
          ),
        ],
  );
}

/** Each cycle of `requires` once, at the entry that closes it. Depth-first search with the three usual colours. */
function startUpCycles(services: Readonly<Record<string, ServiceInput>>): Finding[] {
  const findings: Finding[] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const enter = (name: string) => {
    state.set(name, "open");
    trail.push(name);
    const requires = Object.hasOwn(services, name) ? services[name]!.requires : [];
    for (const [index, next] of requires.entries()) {
      if (state.get(next) === "open") {
        const cycle = [...trail.slice(trail.indexOf(next)), next];
        findings.push({
          code: "start-up-cycle",
          path: ["services", name, "requires", index],
          at: "value",
          message: `none of these can start first: ${cycle.join(" requires ")}`,
          expected: "requires without a cycle; calls (uses) may be cyclic",
        });
      } else if (!state.has(next)) enter(next);
    }
    trail.pop();
    state.set(name, "done");
  };
  for (const name of Object.keys(services)) if (!state.has(name)) enter(name);
  return findings;
}

function checkTimings(input: TopologyInput): Finding[] {
  const findings: Finding[] = [];
  const notAbove = (path: string[], low: string, lowMs: number, high: string, highMs: number) => {
    if (lowMs <= highMs) return;
    findings.push({
      code: "conflict",
      path: [...path, low],
      at: "value",
      message: `"${low}" is longer than "${high}"`,
      expected: `${low} up to ${high}`,
    });
  };
  const { restart, probe } = input.supervisor;
  notAbove(["supervisor", "restart"], "first", restart.first, "max", restart.max);
  notAbove(["supervisor", "probe"], "timeout", probe.timeout, "interval", probe.interval);
  for (const [name, topic] of Object.entries(input.topics)) {
    if (!topic) continue;
    notAbove(["topics", name, "backoff"], "first", topic.backoff.first, "max", topic.backoff.max);
  }
  return findings;
}
