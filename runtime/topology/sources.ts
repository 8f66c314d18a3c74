import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { closest } from "./closest.ts";
import type { Finding, Path } from "./issue.ts";
import type { TopologyInput } from "./schema.ts";

export interface SourceOptions {
  /** Paths in the document are relative to it. Absolute. */
  readonly directory: string;
  /** Whether files and folders must exist. Default true. */
  readonly checkSources?: boolean;
  /**
   * Asked for each service before the disk: what to load for it instead, e.g. a module inside the binary.
   * Undefined: look on the disk.
   */
  readonly resolveSource?: (service: string, source: string) => string | undefined;
}

/** The file a folder's service is in. */
const entryFile = "service.ts";

/** Absolute paths of the services' modules and the gateway's static folders, by what the document calls them. */
export function resolveSources(
  input: TopologyInput,
  options: SourceOptions,
): { readonly sources: Readonly<Record<string, string>>; readonly findings: readonly Finding[] } {
  const sources: Record<string, string> = {};
  const findings: Finding[] = [];
  for (const [name, { source }] of Object.entries(input.services)) {
    const found =
      options.resolveSource?.(name, source) ??
      findModule(name, source, options, ["services", name, "source"]);
    if (typeof found === "string") sources[name] = found;
    else findings.push(found);
  }
  if (options.checkSources !== false) {
    for (const [index, { directory }] of input.gateway.static.entries()) {
      const absolute = resolve(options.directory, directory);
      if (isDirectory(absolute)) continue;
      findings.push({
        code: "missing-directory",
        path: ["gateway", "static", index, "directory"],
        at: "value",
        message: `there is no folder ${directory}`,
        expected: `a folder at ${absolute}`,
        suggestion: similarPath(directory, options.directory),
      });
    }
  }
  return { sources, findings };
}

function findModule(name: string, source: string, options: SourceOptions, path: Path): string | Finding {
  const absolute = resolve(options.directory, source);
  const missing = (message: string, expected: string, suggestion?: string): Finding => ({
    code: "missing-source",
    path,
    at: "value",
    message,
    expected,
    suggestion,
  });
  const isModule = /\.[cm]?[jt]sx?$/.test(source);
  if (options.checkSources === false) return isModule ? absolute : join(absolute, entryFile);
  if (isDirectory(absolute)) {
    const entry = join(absolute, entryFile);
    if (existsSync(entry)) return entry;
    return missing(`the folder ${source} of ${name} has no ${entryFile}`, `the file ${entry}`);
  }
  if (!existsSync(absolute)) {
    return missing(
      `there is no ${isModule ? "file" : "folder"} ${source} for ${name}`,
      isModule ? `a module at ${absolute}` : `a folder with a ${entryFile} at ${absolute}`,
      similarPath(source, options.directory),
    );
  }
  return isModule ? absolute : missing(`${source} of ${name} is no module`, "a folder, or a .ts or .js file");
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The neighbour of a missing path with nearly its name. */
function similarPath(path: string, directory: string): string | undefined {
  const parent = dirname(resolve(directory, path));
  try {
    const similar = closest(basename(path), readdirSync(parent));
    return similar === undefined ? undefined : join(dirname(path), similar);
  } catch {
    return undefined; // The parent is missing as well; there is nothing to compare with.
  }
}
