import type { InstanceInfo } from "../runtime/control/api.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { printInstances } from "./ps.ts";

/** restart, stop and start: a target is a service, or one of its instances. */
export async function lifecycle(
  verb: "restart" | "stop" | "start",
  targets: readonly string[],
  options: RunOptions & { readonly json?: boolean },
): Promise<undefined> {
  const client = await ControlClient.find(options);
  const known = await client.get<InstanceInfo[]>("/api/instances");
  for (const target of targets) {
    const kind = known.some((instance) => instance.id === target) ? "instances" : "services";
    const changed = await client.post<InstanceInfo | InstanceInfo[]>(
      `/api/${kind}/${encodeURIComponent(target)}/${verb}`,
    );
    printInstances([changed].flat(), options);
  }
  return undefined;
}
