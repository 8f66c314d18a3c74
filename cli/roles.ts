import { isEmbedded } from "../runtime/worker/loader.ts";
import type { Role } from "../runtime/worker/role.ts";
import type { WorkerSpec } from "../runtime/worker/spec.ts";

/** What a worker hosts; imports only that, because a worker's start-up time is part of every start. */
export async function roleOf(spec: WorkerSpec): Promise<Role> {
  switch (spec.role) {
    case "service":
      return service(spec);
    case "gateway":
      return (await import("../gateway/role.ts")).gatewayRole(spec.gateway);
    case "broker":
      return (await import("../runtime/worker/broker-role.ts")).brokerRole(spec);
    case "observer":
      return (await import("../runtime/worker/observer-role.ts")).observerRole(spec);
  }
}

async function service(spec: WorkerSpec): Promise<Role> {
  const { serviceRole } = await import("../runtime/worker/service-role.ts");
  if (!isEmbedded(spec.config?.source ?? "")) return serviceRole(spec);
  const { embeddedServices } = await import("../embedded/services.ts");
  return serviceRole(spec, embeddedServices);
}
