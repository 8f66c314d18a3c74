import { resolve, sep } from "node:path";
import { plugin } from "bun";
import { externalModules } from "./modules.ts";

/** Modules by the specifier they are imported with. */
export type ModuleTable = Readonly<Record<string, () => Promise<object>>>;

/** Inside a bundle (the binary, the preload of its tests) this module has no file of its own, and every service is outside. */
const bundled = !/[\\/]register\.ts$/.test(import.meta.path);
const ownTree = resolve(import.meta.dir, "..", "..", "..");

/** Whether `file` would find this program's dependencies by itself. */
export function isOutside(file: string): boolean {
  return bundled || !resolve(file).startsWith(ownTree + sep);
}

/**
 * Lets files outside this program's tree import what it provides, with `more` besides, from this very process: their
 * Hono is the runtime's Hono. Without this, Bun would look for node_modules near the file, and from source fall back to
 * whatever the package registry has under the name. Process-wide and without undo; the same table again has no effect.
 */
export function registerModules(more: ModuleTable = {}): void {
  plugin({
    name: "microcosm",
    setup(build) {
      for (const [specifier, load] of Object.entries({ ...externalModules, ...more })) {
        build.module(specifier, async () => ({
          loader: "object",
          exports: { ...(await provide(specifier, load)) },
        }));
      }
    },
  });
}

/**
 * From source `import("hono")` would come back to the plugin that asks for it, without end; its file does not.
 * In a bundle the import was bound when it was bundled.
 */
async function provide(specifier: string, load: () => Promise<object>): Promise<object> {
  if (bundled || specifier.startsWith("microcosm")) return await load();
  return (await import(Bun.resolveSync(specifier, import.meta.dir))) as object;
}
