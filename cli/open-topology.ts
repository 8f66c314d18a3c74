import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { defaultDataDirectory } from "../runtime/control/discovery.ts";
import { formatIssues, type LoadResult, loadTopology } from "../runtime/topology/index.ts";
import type { Topology } from "../runtime/topology/model.ts";

export interface OpenedTopology {
  readonly topology: Topology;
  /** Where `.microcosm` goes when nobody says otherwise. */
  readonly directory: string;
}

/**
 * The named file, else topology.yaml here, else the built-in shop, whose files go below the data directory. Undefined
 * after telling what is wrong with it.
 */
export async function openTopology(
  file: string | undefined,
  options: { readonly data: string | undefined; readonly json: boolean },
): Promise<OpenedTopology | undefined> {
  const here = resolve("topology.yaml");
  const chosen = file ?? (existsSync(here) ? "topology.yaml" : undefined);
  const loaded =
    chosen === undefined
      ? await loadShop(resolve(options.data ?? defaultDataDirectory))
      : loadTopology(chosen);
  if (loaded.topology !== undefined) {
    return {
      topology: loaded.topology,
      directory: chosen === undefined ? resolve(".") : dirname(resolve(chosen)),
    };
  }
  if (options.json) for (const issue of loaded.issues) process.stderr.write(`${JSON.stringify(issue)}\n`);
  else
    process.stderr.write(
      formatIssues(loaded.issues, { colour: process.stderr.isTTY && !process.env.NO_COLOR }),
    );
  return undefined;
}

async function loadShop(data: string): Promise<LoadResult> {
  const source = join(import.meta.dir, "..", "topology.yaml");
  if (existsSync(source)) return loadTopology(source);
  return (await import("./built-in-shop.ts")).loadBuiltInShop(join(data, "shop"));
}
