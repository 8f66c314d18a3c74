import type { InstanceInfo } from "../runtime/control/api.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { bytes, type Column, duration, print, printJson, table } from "./output.ts";

export interface PsOptions extends RunOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

const watchIntervalMs = 1000;

export async function ps(options: PsOptions): Promise<undefined> {
  const client = await ControlClient.find(options);
  for (;;) {
    printInstances(await client.get<InstanceInfo[]>("/api/instances"), options);
    if (options.watch !== true) return undefined;
    await Bun.sleep(watchIntervalMs);
    if (process.stdout.isTTY && options.json !== true) process.stdout.write("\x1b[2J\x1b[H");
  }
}

export function printInstances(
  instances: readonly InstanceInfo[],
  options: { readonly json?: boolean },
): void {
  if (options.json === true) for (const instance of instances) printJson(instance);
  else print(table(instances, columns));
}

const stateStyles = {
  ready: "green",
  starting: "yellow",
  draining: "yellow",
  stopped: "dim",
  unhealthy: "red",
  backoff: "yellow",
  "crash-loop": "red",
} as const;

const columns: readonly Column<InstanceInfo>[] = [
  { title: "INSTANCE", value: (i) => i.id },
  { title: "STATE", value: (i) => i.state, style: (i) => stateStyles[i.state] },
  { title: "PID", value: (i) => (i.pid === undefined ? "–" : String(i.pid)), right: true },
  { title: "GEN", value: (i) => String(i.generation), right: true },
  { title: "UPTIME", value: (i) => (i.uptimeMs === undefined ? "–" : duration(i.uptimeMs)), right: true },
  { title: "MEMORY", value: (i) => (i.rssBytes === undefined ? "–" : bytes(i.rssBytes)), right: true },
  { title: "CALLS", value: (i) => (i.calls === undefined ? "–" : String(i.calls)), right: true },
  { title: "ERRORS", value: (i) => (i.errors === undefined ? "–" : String(i.errors)), right: true },
  { title: "LAST EXIT", value: (i) => i.lastExit ?? "", spare: 1 },
];
