import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { MicrocosmError } from "../../sdk/errors.ts";
import { isSameProcess } from "../supervisor/process-identity.ts";
import type { ControlFile } from "./api.ts";
import { readControlFile } from "./control-file.ts";
import { RunIndex } from "./run-index.ts";

/** Where `up` keeps its data when nobody says otherwise, relative to the working directory. */
export const defaultDataDirectory = ".microcosm";

export interface FoundRun extends ControlFile {
  readonly dataDirectory: string;
}

export interface FindRunOptions {
  /** The run on this data directory and no other. */
  readonly dataDirectory?: string;
  readonly index?: RunIndex;
  /** Default: the working directory. */
  readonly directory?: string;
}

/**
 * The run a command speaks to: the named one; else the one in `.microcosm` here; else the only one of this user. Rejects
 * with `not-running`, and with `bad-request` and a list when there are several.
 */
export async function findRun(options: FindRunOptions = {}): Promise<FoundRun> {
  if (options.dataDirectory !== undefined) {
    const named = runAt(options.dataDirectory);
    if (named !== undefined) return named;
    throw new MicrocosmError(
      "not-running",
      `No run uses the data directory ${resolve(options.dataDirectory)}.`,
    );
  }
  const here = runAt(resolve(options.directory ?? ".", defaultDataDirectory));
  if (here !== undefined) return here;
  const index = options.index ?? new RunIndex();
  const runs = index.list().flatMap((run) => {
    const found = runAt(run.dataDirectory);
    return found === undefined ? [] : [{ name: run.name, found }];
  });
  const [only, ...others] = runs;
  if (only === undefined) throw new MicrocosmError("not-running", "No run of yours is there.");
  if (others.length === 0) return only.found;
  const list = runs
    .map(({ name, found }) => `\n  ${name}, pid ${found.pid}: --data ${found.dataDirectory}`)
    .join("");
  throw new MicrocosmError("bad-request", `${runs.length} runs are there; name one of them:${list}`);
}

function runAt(directory: string): FoundRun | undefined {
  let dataDirectory: string;
  try {
    dataDirectory = realpathSync(directory);
  } catch {
    return undefined;
  }
  const file = readControlFile(join(dataDirectory, "run"));
  // A crashed run leaves its file; its pid may be someone else's by now.
  if (file === undefined || !isSameProcess(file.pid, file.pidStart)) return undefined;
  return { ...file, dataDirectory };
}
