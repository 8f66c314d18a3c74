/**
 * `bun run build`: dist/microcosm, the whole program with its services and Bun itself in one file.
 *
 * Split and compiled to bytecode, so that a worker reads only the chunks of its role: from process start to a loaded
 * service took 10 ms, against 26 ms split without bytecode, 16 ms as one bytecode bundle and 49 ms as one plain
 * bundle. Minifying on top changed neither that nor the size by a hundredth, and costs readable stack traces.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { BunPlugin } from "bun";
import { externalModules } from "../runtime/worker/external/modules.ts";

const root = join(import.meta.dir, "..");
const outfile = resolve(process.argv[2] ?? join(root, "dist", "microcosm"));

mkdirSync(dirname(outfile), { recursive: true });
// Bun writes its unfinished binary, 60 MB and more, into the current folder, and leaves it there when it is killed.
process.chdir(dirname(outfile));
const startedAt = performance.now();
const zodFolder = mkdtempSync(join(tmpdir(), "microcosm-zod-"));
const zod = await wholeZod(zodFolder);
const result = await Bun.build({
  entrypoints: [join(root, "main.ts")],
  compile: {
    outfile,
    // A bunfig.toml of the current folder configures its owner's Bun, not this program: its preloads would run here.
    autoloadBunfig: false,
    // Without these a service with packages of its own, or with JSX, loads from source but not from the binary.
    autoloadPackageJson: true,
    autoloadTsconfig: true,
  },
  target: "bun",
  format: "esm",
  splitting: true,
  bytecode: true,
  plugins: [zod],
  throw: false,
}).finally(() => rmSync(zodFolder, { recursive: true, force: true }));
if (!result.success) {
  for (const log of result.logs) console.error(log);
  process.exit(1);
}
const megabytes = (statSync(outfile).size / 1e6).toFixed(0);
console.log(`${outfile}: ${megabytes} MB in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

/**
 * All of zod for services from elsewhere, as a copy of its own: what may import any of it keeps all of it, some fifty
 * languages included, and as one copy every service of this tree would load that too: 2 MiB each.
 */
async function wholeZod(folder: string): Promise<BunPlugin> {
  const home = dirname(Bun.resolveSync("zod", root));
  const isZod = /^zod(\/|$)/;
  const files = Object.keys(externalModules)
    .filter((specifier) => isZod.test(specifier))
    .map((specifier) => Bun.resolveSync(specifier, root));
  await Bun.build({
    entrypoints: files,
    root: home,
    outdir: folder,
    target: "bun",
    format: "esm",
    splitting: true,
  });
  return {
    name: "whole-zod",
    setup(build) {
      build.onResolve({ filter: isZod }, ({ path, importer }) =>
        importer.endsWith(join("runtime", "worker", "external", "modules.ts"))
          ? { path: join(folder, relative(home, Bun.resolveSync(path, root))) }
          : undefined,
      );
    },
  };
}
