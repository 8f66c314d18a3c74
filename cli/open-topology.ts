import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { formatIssues, type LoadResult, loadTopology } from "../runtime/topology/index.ts";
import type { Topology } from "../runtime/topology/model.ts";

export interface OpenedTopology {
  readonly topology: Topology;
  /** Where `.microcosm` goes when nobody says otherwise. */
  readonly directory: string;
}

/** The named file, else topology.yaml here, else the built-in shop. Undefined after telling what is wrong with it. */
export function openTopology(file: string | undefined, json: boolean): OpenedTopology | undefined {
  const here = resolve("topology.yaml");
  const chosen = file ?? (existsSync(here) ? "topology.yaml" : undefined);
  const loaded: LoadResult = chosen === undefined ? loadShop() : loadTopology(chosen);
  if (loaded.topology !== undefined) {
    return {
      topology: loaded.topology,
      directory: chosen === undefined ? resolve(".") : dirname(resolve(chosen)),
    };
  }
  if (json) for (const issue of loaded.issues) process.stderr.write(`${JSON.stringify(issue)}\n`);
  else
    process.stderr.write(
      formatIssues(loaded.issues, { colour: process.stderr.isTTY && !process.env.NO_COLOR }),
    );
  return undefined;
}

function loadShop(): LoadResult {
  return loadTopology(join(import.meta.dir, "..", "topology.yaml"));
}
