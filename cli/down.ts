import type { RunInfo } from "../runtime/control/api.ts";
import { processStart } from "../runtime/supervisor/process-identity.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { print } from "./output.ts";

const pollMs = 50;

/** Asks the run to end and waits until its process is gone. */
export async function down(options: RunOptions): Promise<undefined> {
  const client = await ControlClient.find(options);
  const run = await client.get<RunInfo>("/api/run");
  await client.post("/api/down");
  while (processStart(run.pid) !== undefined) await Bun.sleep(pollMs);
  print(`${run.name} (pid ${run.pid}) ended.`);
  return undefined;
}
