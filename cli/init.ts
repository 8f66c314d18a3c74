import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { filesOf } from "../embedded/files.macro.ts" with { type: "macro" };
import { schemaJson } from "../runtime/topology/schema.ts";
import { MicrocosmError } from "../sdk/errors.ts";

/** The files of cli/init, put here when this module is compiled, so that the binary has them too. */
const templates: Readonly<Record<string, string>> = filesOf("cli/init");
const templateFolder = "cli/init/";
const templateName = "my-topology";

const namePattern = /^[a-z][a-z0-9-]{0,39}$/;

export interface NewTopology {
  readonly name: string;
  /** Paths relative to the directory, in the order of their names. */
  readonly files: readonly string[];
}

/**
 * Writes a topology with one service that runs and whose test passes. The name defaults to the directory's, made fit.
 * Throws `bad-request` for a bad name, or when any of the files is there already: nothing is overwritten.
 */
export function initTopology(directory: string, name?: string): NewTopology {
  const root = resolve(directory);
  const chosen = name ?? fittingName(basename(root));
  if (!namePattern.test(chosen)) {
    throw new MicrocosmError(
      "bad-request",
      `"${chosen}" is no name for a topology: expected lower-case letters, digits and dashes, a letter first, at most 40.`,
    );
  }
  const files = topologyFiles(chosen);
  const taken = Object.keys(files).filter((file) => existsSync(join(root, file)));
  if (taken.length > 0) {
    throw new MicrocosmError(
      "bad-request",
      `${root} has ${taken.join(", ")} already, and nothing is overwritten. Choose another directory: microcosm init my-shop`,
    );
  }
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      // wx: a file that came meanwhile is not overwritten either.
      writeFileSync(join(root, file), text, { flag: "wx" });
    }
  } catch (error) {
    throw new MicrocosmError("bad-request", `${root} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return { name: chosen, files: Object.keys(files) };
}

function topologyFiles(name: string): Record<string, string> {
  const files: Record<string, string> = {
    "topology.schema.json": `${JSON.stringify(schemaJson(), null, 2)}\n`,
  };
  for (const [path, base64] of Object.entries(templates)) {
    const text = Buffer.from(base64, "base64").toString("utf8");
    files[path.slice(templateFolder.length)] = text.replaceAll(templateName, name);
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fittingName(text: string): string {
  const fitting = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40);
  return fitting === "" ? templateName : fitting;
}
