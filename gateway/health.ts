import type { GatewayConfig } from "../runtime/topology/model.ts";
import type { Exchange, Target } from "./exchange.ts";
import type { Responder } from "./responder.ts";

const json = ["content-type", "application/json", "cache-control", "no-store"] as const;

/** `GET /healthz`: the process answers. */
export function healthTarget(responder: Responder): Target {
  return (x) => responder.send(x, 200, json, '{"status":"alive"}');
}

/** `GET /readyz`: every service that a route leads to has a ready instance, and the gateway is not draining. */
export function readyTarget(
  services: readonly string[],
  isReady: (service: string) => boolean,
  isDraining: () => boolean,
  responder: Responder,
): Target {
  return (x: Exchange) => {
    const notReady = services.filter((service) => !isReady(service));
    if (notReady.length === 0 && !isDraining()) return responder.send(x, 200, json, '{"status":"ready"}');
    const detail = isDraining() ? "The gateway is draining." : `Not ready: ${notReady.join(", ")}.`;
    return responder.problem(x, { status: 503, type: "not-ready", detail, extensions: { notReady } });
  };
}

/** Services the gateway needs to answer all of its routes. */
export function routedServices(config: GatewayConfig): string[] {
  const services = config.routes.flatMap(({ target }) =>
    target.kind === "service" ? [target.service] : target.parts.map((part) => part.service),
  );
  if (config.auth !== undefined) services.push(config.auth.jwks.service);
  return [...new Set(services)].sort();
}
