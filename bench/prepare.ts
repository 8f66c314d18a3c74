import { join } from "node:path";

const script = join(import.meta.dir, "..", "cli", "prepare.ts");

/**
 * The first `up` of a source prepares the following ones in the background, which takes a core for some seconds. Called before
 * a measurement, so that it falls into none, and what is measured is what people have from their second `up` on.
 */
export async function prepareStart(): Promise<void> {
  await Bun.spawn([process.execPath, script], { stdin: "ignore", stdout: "ignore" }).exited;
}
