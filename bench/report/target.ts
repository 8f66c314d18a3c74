import type { TargetReport } from "../topology/watch.ts";
import { edgeCells, edgeHead, serviceCells, serviceHead } from "./edges.ts";
import { tableHtml, verdictHtml } from "./page.ts";

/** What the target's own telemetry says, when it is a Microcosm run. */
export function targetHtml(target: TargetReport | undefined): string {
  if (target === undefined) return "";
  const { figures, bottleneck } = target;
  const said =
    bottleneck === undefined
      ? ""
      : verdictHtml("told", `Would give first: ${bottleneck.service}. ${capital(bottleneck.reason)}`);
  return `${tableHtml(
    "From the inside: each edge",
    edgeHead,
    figures.edges.map(edgeCells),
    `The telemetry of run ${figures.name} (mode ${figures.mode}) for the time of the measurement, a second more or less: calls as their callers saw them, attempt by attempt; events until the broker had them, and in their handlers.`,
  )}
${said}
${tableHtml("From the inside: each service", serviceHead, figures.services.map(serviceCells))}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
