import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** Runs while the binary is built: the files of a folder of this repository, base64 by path within the repository. */
export function filesOf(folder: string): Record<string, string> {
  const root = resolve(import.meta.dir, "..");
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).sort();
  const files = names.map((name) => join(folder, name)).filter((file) => statSync(join(root, file)).isFile());
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file)).toString("base64")]));
}
