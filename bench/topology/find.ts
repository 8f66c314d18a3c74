import { join } from "node:path";
import type { RunInfo } from "../../runtime/control/api.ts";
import { ControlClient } from "../../runtime/control/client.ts";
import { readControlFile } from "../../runtime/control/control-file.ts";
import { RunIndex } from "../../runtime/control/run-index.ts";

export interface TargetRun {
  readonly info: RunInfo;
  readonly control: ControlClient;
}

/** The run of this user whose gateway is at `url`; undefined when it is somebody else's address. */
export async function runBehind(
  url: string,
  index: RunIndex = new RunIndex(),
): Promise<TargetRun | undefined> {
  const wanted = new URL(url);
  let runs: ReturnType<RunIndex["list"]>;
  try {
    runs = index.list();
  } catch {
    // A folder that is not ours to trust: then there is no run to be found in it.
    return undefined;
  }
  for (const { dataDirectory } of runs) {
    const file = readControlFile(join(dataDirectory, "run"));
    if (file === undefined) continue;
    const control = new ControlClient(file.url, file.token);
    const info = await control.get<RunInfo>("/api/run").catch(() => undefined);
    if (info !== undefined && isSamePlace(wanted, new URL(info.gateway))) return { info, control };
  }
  return undefined;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]);

function isSamePlace(a: URL, b: URL): boolean {
  const port = (url: URL) => url.port || (url.protocol === "https:" ? "443" : "80");
  const isSameHost = a.hostname === b.hostname || (loopback.has(a.hostname) && loopback.has(b.hostname));
  return isSameHost && port(a) === port(b);
}
