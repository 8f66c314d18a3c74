import { resolve } from "node:path";

/** Runs while the binary is built: a module of this repository and all it imports as the text of one file. */
export function bundleOf(entry: string): string {
  const root = resolve(import.meta.dir, "..");
  const build = Bun.spawnSync([process.execPath, "build", resolve(root, entry), "--target=bun"], {
    cwd: root,
  });
  if (build.exitCode !== 0) throw new Error(`${entry} cannot be bundled: ${build.stderr.toString()}`);
  return build.stdout.toString();
}
