import { type EmbeddedModules, isEmbedded } from "../runtime/worker/loader.ts";
import type { Role } from "../runtime/worker/role.ts";
import type { WorkerSpec } from "../runtime/worker/spec.ts";

/** What a worker hosts; imports only that, because a worker's start-up time is part of every start. */
export async function roleOf(spec: WorkerSpec): Promise<Role> {
  switch (spec.role) {
    case "service":
      return (await import("../runtime/worker/service-role.ts")).serviceRole(spec, await embeddedFor(spec));
    case "gateway":
      return (await import("../gateway/role.ts")).gatewayRole(spec.gateway);
    case "broker":
      return (await import("../runtime/worker/broker-role.ts")).brokerRole(spec);
    case "observer":
      return (await import("../runtime/worker/observer-role.ts")).observerRole(spec);
  }
}

/** The modules inside this program, for a service that is one of them. */
async function embeddedFor(spec: WorkerSpec): Promise<EmbeddedModules> {
  if (!isEmbedded(spec.config?.source ?? "")) return {};
  return (await import("../embedded/services.ts")).embeddedServices;
}
