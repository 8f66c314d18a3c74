import { ControlClient, type RunOptions } from "./client.ts";
import { print } from "./output.ts";
import type { RunInfo } from "../runtime/control/api.ts";

const pollMs = 50;

/** Asks the run to end and waits until its process is gone. */
export async function down(options: RunOptions): Promise<undefined> {
  const client = await ControlClient.find(options);
  const run = await client.get<RunInfo>("/api/run");
  await client.post("/api/down");
  while (alive(run.pid)) await Bun.sleep(pollMs);
  print(`${run.name} (pid ${run.pid}) ended.`);
  return undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
