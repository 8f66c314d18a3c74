import type { Role } from "../runtime/worker/role.ts";
import type { WorkerSpec } from "../runtime/worker/spec.ts";
import { MicrocosmError } from "../sdk/errors.ts";

/** What a worker hosts; imports only that, because a worker's start-up time is part of every start. */
export async function roleOf(spec: WorkerSpec): Promise<Role> {
  switch (spec.role) {
    case "service":
      return (await import("../runtime/worker/service-role.ts")).serviceRole(spec);
    case "gateway":
      return (await import("../gateway/role.ts")).gatewayRole(spec.gateway);
    case "broker":
      return (await import("../runtime/worker/broker-role.ts")).brokerRole(spec);
    case "observer":
      throw new MicrocosmError("internal", "There is no observer yet.");
  }
}
