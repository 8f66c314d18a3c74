import type { InstanceInfo } from "../runtime/control/api.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { printInstances } from "./ps.ts";

export async function scale(
  targets: readonly string[],
  options: RunOptions & { readonly json?: boolean },
): Promise<undefined> {
  const wanted = targets.map(parseTarget);
  const client = await ControlClient.find(options);
  const results = await Promise.all(
    wanted.map(({ service, instances }) =>
      client.post<InstanceInfo[]>(`/api/services/${encodeURIComponent(service)}/scale`, { instances }),
    ),
  );
  printInstances(results.flat(), options);
  return undefined;
}

function parseTarget(text: string): { service: string; instances: number } {
  const [service = "", count = ""] = text.split("=");
  if (service === "" || !/^\d+$/.test(count)) {
    throw new MicrocosmError("bad-request", `"${text}": expected SERVICE=N, like catalog=3.`);
  }
  return { service, instances: Number(count) };
}
