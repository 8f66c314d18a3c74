import { formatIssues, loadTopology } from "../runtime/topology/index.ts";
import { print, printJson } from "./output.ts";

/** Exit code 1 when something is wrong; everything wrong is told at once. */
export async function validate(file: string, options: { readonly json?: boolean }): Promise<number> {
  const { topology, issues } = loadTopology(file);
  if (topology !== undefined) {
    if (options.json !== true) print(`${file}: ${topology.name} is valid, ${summary(topology)}.`);
    return 0;
  }
  if (options.json === true) for (const issue of issues) printJson(issue);
  else process.stderr.write(formatIssues(issues, { colour: process.stderr.isTTY && !process.env.NO_COLOR }));
  return 1;
}

function summary(topology: {
  services: object;
  gateway: { routes: readonly unknown[] };
  topics: { topics: object };
}) {
  const services = Object.keys(topology.services).length;
  const topics = Object.keys(topology.topics.topics).length;
  return `${services} services, ${topology.gateway.routes.length} routes, ${topics} topics`;
}
