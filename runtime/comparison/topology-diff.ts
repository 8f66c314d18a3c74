import type { Topology } from "../topology/model.ts";

/** One setting that two topologies do not share. `path` is written as in the YAML: `services.catalog.instances`. */
export interface TopologyChange {
  readonly change: "added" | "removed" | "changed";
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
}

/** Follow from others, or say only where the run was. */
const left: ReadonlySet<string> = new Set(["file", "directory", "callers"]);
/** What tells the entries of a list apart, by the list's name. */
const keys: Readonly<Record<string, (entry: Fields) => string>> = {
  routes: (route) => `${(route.methods as string[] | undefined)?.join(",") ?? ""} ${route.path}`.trim(),
  uses: (edge) => String(edge.service),
  parts: (part) => String(part.name),
  static: (one) => String(one.path),
};

type Fields = Readonly<Record<string, unknown>>;

/** What must be done to the first topology to get the second, in the order of their keys. */
export function topologyDiff(before: Topology, after: Topology): TopologyChange[] {
  const changes: TopologyChange[] = [];
  walk(changes, "", before, after);
  return changes;
}

/** `services.catalog.instances: 1 → 3`. */
export function changeText({ change, path, before, after }: TopologyChange): string {
  if (change === "changed") return `${path}: ${before} → ${after}`;
  return change === "added" ? `+ ${path}${after ?? ""}` : `− ${path}${before ?? ""}`;
}

function walk(changes: TopologyChange[], path: string, before: unknown, after: unknown): void {
  if (isFields(before) && isFields(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (left.has(key)) continue;
      const below = path === "" ? key : `${path}.${key}`;
      const [a, b] = [named(key, before[key]), named(key, after[key])];
      if (a === undefined && b === undefined) continue;
      if (a === undefined) changes.push({ change: "added", path: below, ...shown("after", b) });
      else if (b === undefined) changes.push({ change: "removed", path: below, ...shown("before", a) });
      else walk(changes, below, a, b);
    }
    return;
  }
  const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
  if (a !== b) changes.push({ change: "changed", path, before: plain(before), after: plain(after) });
}

/** Lists of things with names are compared by name: one that moved is none that changed. */
function named(key: string, value: unknown): unknown {
  const keyOf = keys[key];
  if (keyOf === undefined || !Array.isArray(value) || !value.every(isFields)) return value;
  return Object.fromEntries(value.map((entry) => [keyOf(entry), entry]));
}

/** A whole service or route needs no more than its name; a setting is told with its value. */
function shown(side: "before" | "after", value: unknown): Partial<TopologyChange> {
  return typeof value === "object" && value !== null ? {} : { [side]: `: ${plain(value)}` };
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
