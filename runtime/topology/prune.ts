import type { z } from "zod";
import { type Path, pathText } from "./issue.ts";
import { topologySchema, type TopologyInput } from "./schema.ts";

/** Removing one part may bring forth what it hid, so more than one round; a sound document needs none. */
const maxRounds = 8;

export interface Pruned {
  readonly input: TopologyInput;
  /** What was taken out, as paths of the whole document. */
  readonly removed: readonly Path[];
  /** The path in the whole document of a path in `input`: list entries move up when one before them goes. */
  restore(path: Path): Path;
}

/**
 * The document without the parts zod refused, so that the checks between its parts run on the rest and a person
 * sees all mistakes at once. Undefined when nothing sound is left.
 */
export function prune(value: unknown, error: z.core.$ZodError): Pruned | undefined {
  const copy = structuredClone(value);
  if (!isContainer(copy) || Array.isArray(copy)) return undefined;
  const removed: Path[] = [];
  const restore = (path: Path) => restorePath(path, removed);
  let issues = error.issues;
  for (let round = 0; round < maxRounds; round += 1) {
    // From the end, so that removing a list's entry does not move those still to be removed.
    const paths = issues.flatMap(faultyPaths).sort(comparePaths).reverse();
    for (const path of paths) {
      const gone = remove(copy, path);
      if (gone) removed.push(restore(gone));
    }
    const parsed = topologySchema.safeParse({ name: "unnamed", services: {}, ...copy });
    if (parsed.success) return { input: parsed.data, removed, restore };
    issues = parsed.error.issues;
  }
  return undefined;
}

function restorePath(path: Path, removed: readonly Path[]): Path {
  const restored: (string | number)[] = [];
  for (const part of path) {
    if (typeof part === "string") {
      restored.push(part);
      continue;
    }
    const list = pathText(restored);
    const gone = removed
      .filter((other) => other.length === restored.length + 1 && pathText(other.slice(0, -1)) === list)
      .map((other) => other.at(-1) as number)
      .sort((a, b) => a - b);
    let index = part;
    for (const other of gone) if (other <= index) index += 1;
    restored.push(index);
  }
  return restored;
}

function faultyPaths(issue: z.core.$ZodIssue): Path[] {
  const path = issue.path as Path;
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

/** Removes what is at `path` and returns its path. When it is not there, it was missed, and what should hold it goes. */
function remove(root: object, path: Path): Path | undefined {
  let parent: object = root;
  for (const [depth, part] of path.entries()) {
    if (!Object.hasOwn(parent, part)) return depth > 0 ? remove(root, path.slice(0, depth)) : undefined;
    if (depth === path.length - 1) {
      if (Array.isArray(parent)) parent.splice(part as number, 1);
      else delete (parent as Record<string, unknown>)[part as string];
      return path;
    }
    const next: unknown = (parent as Record<string | number, unknown>)[part];
    if (!isContainer(next)) return remove(root, path.slice(0, depth + 1));
    parent = next;
  }
  return undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function comparePaths(a: Path, b: Path): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x, y] = [a[index]!, b[index]!];
    if (x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}
