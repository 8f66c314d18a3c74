import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { preparedFolder, preparedProgram, unusedMs } from "./prepared.ts";

/** Long enough for a start to be over and for a run that is only looked at to have ended. */
const settleMs = 3000;

/**
 * Makes the binary that the next `up` from this source is continued by, unless it is there. A failure has no
 * consequence but a slower start, so it is not told. Aborting ends the build.
 */
export async function prepare(root: string, abort?: AbortSignal): Promise<void> {
  const program = preparedProgram(root);
  const folder = dirname(program);
  if (existsSync(program) || abort?.aborted) return;
  const unfinished = `${folder}.${process.pid}`;
  try {
    mkdirSync(unfinished, { recursive: true });
    const child = Bun.spawn(
      niced([process.execPath, join(root, "scripts", "build.ts"), join(unfinished, "microcosm")]),
      {
        cwd: root,
        stdio: ["ignore", "ignore", "ignore"],
        ...(abort === undefined ? {} : { signal: abort }),
      },
    );
    // Source that changed meanwhile may be in it by halves.
    if ((await child.exited) !== 0 || preparedProgram(root) !== program) return;
    renameSync(unfinished, folder);
    removeUnused(preparedFolder(root), folder);
  } catch {
    // no room, no right to write, or another run was quicker
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** The same a while after a run became ready. Returns how to call it off. */
export function prepareLater(root: string): () => Promise<void> {
  const abort = new AbortController();
  let building: Promise<void> = Promise.resolve();
  const timer = setTimeout(() => {
    building = prepare(root, abort.signal);
  }, settleMs);
  return async () => {
    clearTimeout(timer);
    abort.abort();
    await building;
  };
}

/** It is nobody's turn to wait for this. */
function niced(command: readonly string[]): string[] {
  return Bun.which("nice") === null ? [...command] : ["nice", "-n", "19", ...command];
}

function removeUnused(cache: string, current: string): void {
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    if (folder === current || Date.now() - statSync(folder).mtimeMs < unusedMs) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

// `bun cli/prepare.ts`: before measuring, or while installing.
if (import.meta.main) await prepare(join(import.meta.dir, ".."));
