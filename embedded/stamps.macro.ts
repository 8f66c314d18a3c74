import { resolve } from "node:path";
import { folderStamp } from "./stamp.ts";

/** Runs while the binary is built: the stamp of each folder by the last part of its name. */
export function stampsOf(folder: string, names: readonly string[]): Record<string, string> {
  const root = resolve(import.meta.dir, "..");
  return Object.fromEntries(names.map((name) => [name, folderStamp(resolve(root, folder, name))]));
}
