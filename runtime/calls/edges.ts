import { closest, distance } from "fastest-levenshtein";
import { MicrocosmError } from "../../sdk/errors.ts";

/** Both ends of an edge refuse an undeclared call in the same words. */
export function edgeNotDeclared(caller: string, callee: string): MicrocosmError {
  const remedy =
    caller === "gateway"
      ? `add a route with \`service: ${callee}\` under \`gateway.routes\``
      : `add \`- ${callee}\` under \`services.${caller}.uses\``;
  return new MicrocosmError(
    "edge-not-declared",
    `${caller} may not call ${callee}: ${remedy} in topology.yaml`,
  );
}

export function unknownService(name: string, caller: string, services: readonly string[]): MicrocosmError {
  const near = services.length > 0 ? closest(name, [...services]) : "";
  const known = [...services].sort().join(", ");
  const hint = isNear(name, near) ? `did you mean "${near}"?` : `the topology has ${known || "no services"}`;
  return new MicrocosmError("unknown-service", `${caller} calls "${name}", which does not exist; ${hint}`);
}

/** Far names share letters too; a guess that far off would only mislead. */
function isNear(name: string, near: string): boolean {
  return near !== "" && distance(name, near) <= Math.max(1, Math.floor(name.length / 3));
}
