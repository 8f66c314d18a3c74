import { basename, dirname } from "node:path";
import { folderStamp } from "../embedded/stamp.ts";
import { embeddedSource, isEmbedded } from "../runtime/worker/loader.ts";
import type { Role } from "../runtime/worker/role.ts";
import type { WorkerSpec } from "../runtime/worker/spec.ts";

const compiled = import.meta.url.includes("$bunfs");

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
  const source = spec.config?.source ?? "";
  if (!compiled && !isEmbedded(source)) return serviceRole(spec);
  const { embeddedServices, embeddedStamps } = await import("../embedded/services.ts");
  const twin = basename(dirname(source));
  if (spec.config === undefined || !source.endsWith(`${twin}/service.ts`) || !(twin in embeddedServices)) {
    return serviceRole(spec, embeddedServices);
  }
  // The shop's source beside the binary that was built from it: the same code, already compiled.
  if (folderStamp(dirname(source)) !== embeddedStamps[twin]) return serviceRole(spec);
  return serviceRole({ ...spec, config: { ...spec.config, source: embeddedSource(twin) } }, embeddedServices);
}
