import { basename, dirname } from "node:path";
import { embeddedServices } from "../embedded/services.ts";
import { folderStamp } from "../embedded/stamp.ts";
import { embeddedStamps } from "../embedded/stamps.ts";
import type { Launcher } from "../runtime/supervisor/launcher.ts";
import { embeddedSource } from "../runtime/worker/loader.ts";
import type { WorkerSpec } from "../runtime/worker/spec.ts";

/**
 * For a compiled program beside the shop's source: services whose files are those that this program was built from
 * are started as the copy that is compiled into it, which is the same code. Looked at with each start of a worker, so a
 * changed file counts from the next one on.
 */
export function preferCompiledTwins(launcher: Launcher): Launcher {
  return {
    feelsPulse: launcher.feelsPulse,
    launch: (spec, output) => launcher.launch(twinOf(spec) ?? spec, output),
  };
}

function twinOf(spec: WorkerSpec): WorkerSpec | undefined {
  const { config } = spec;
  if (config === undefined) return undefined;
  const folder = dirname(config.source);
  const name = basename(folder);
  if (basename(config.source) !== "service.ts" || !Object.hasOwn(embeddedServices, name)) return undefined;
  if (folderStamp(folder) !== embeddedStamps[name]) return undefined;
  return { ...spec, config: { ...config, source: embeddedSource(name) } };
}
