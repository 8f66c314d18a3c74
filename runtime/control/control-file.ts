import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ControlFile } from "./api.ts";

const schema = z.object({
  pid: z.number().int().positive(),
  pidStart: z.string(),
  url: z.url(),
  token: z.string().min(1),
});

const pathOf = (runDirectory: string) => join(runDirectory, "control.json");

/** Mode 0600: whoever can read it can command the run. */
export function writeControlFile(runDirectory: string, file: ControlFile): void {
  const path = pathOf(runDirectory);
  // A file of that name may be there with other rights; a new one replaces it as a whole.
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(file), { mode: 0o600 });
  renameSync(draft, path);
}

/** Undefined when there is none, or it is none of ours. */
export function readControlFile(runDirectory: string): ControlFile | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(pathOf(runDirectory), "utf8")));
  } catch {
    return undefined;
  }
}

export function removeControlFile(runDirectory: string): void {
  rmSync(pathOf(runDirectory), { force: true });
}
