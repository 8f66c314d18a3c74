import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Topology } from "../topology/model.ts";
import { type Machine, machineSchema, topologySchema } from "./format.ts";
import { portableTopology } from "./portable-topology.ts";

/**
 * `<data>/run.json`: what ran here last. Written when a run begins and again when it ends, so that it can be exported
 * later, also after a crash. Holds no secrets.
 */
export interface RunRecord {
  readonly name: string;
  readonly mode: "processes" | "monolith";
  readonly startedAt: number;
  /** Absent while it runs, and after a crash. */
  readonly endedAt?: number | undefined;
  readonly versions: { readonly microcosm: string; readonly bun: string };
  readonly machine: Machine;
  readonly topology: Topology;
}

const schema = z.object({
  name: z.string(),
  mode: z.enum(["processes", "monolith"]),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  versions: z.object({ microcosm: z.string(), bun: z.string() }),
  machine: machineSchema,
  topology: topologySchema,
});

const pathOf = (dataDirectory: string) => join(dataDirectory, "run.json");

export function recordOf(
  topology: Topology,
  run: { readonly mode: RunRecord["mode"]; readonly startedAt: number; readonly version: string },
): RunRecord {
  return {
    name: topology.name,
    mode: run.mode,
    startedAt: run.startedAt,
    versions: { microcosm: run.version, bun: Bun.version },
    machine: {
      platform: platform(),
      release: release(),
      arch: arch(),
      cpu: cpus()[0]?.model.trim() ?? "",
      cores: cpus().length,
      memoryBytes: totalmem(),
    },
    topology: portableTopology(topology),
  };
}

/** Throws what the file system says. */
export function writeRunRecord(dataDirectory: string, record: RunRecord): void {
  const path = pathOf(dataDirectory);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Undefined when there is none, or it is none of ours. */
export function readRunRecord(dataDirectory: string): RunRecord | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(pathOf(dataDirectory), "utf8"))) as unknown as RunRecord;
  } catch {
    return undefined;
  }
}
