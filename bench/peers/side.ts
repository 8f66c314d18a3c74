import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A system beside which Microcosm is measured, or Microcosm itself. It runs in processes of its own, on free loopback ports,
 * with data in a folder that is deleted afterwards; a machine's own instance of it is left alone.
 */
export interface Side<Running> {
  /** Stands in tables and names it in a report. */
  readonly name: string;
  /** What it does for a request or an event, and what it leaves out: two figures say nothing without it. */
  readonly does: string;
  /** As found on this machine; undefined when it is not installed. */
  version(): string | undefined;
  /** Its configuration, word by word; ports and folders of a run stand in it as PORT and DIRECTORY. */
  readonly config: string;
  start(directory: string): Promise<Running>;
}

/** Debian has servers in sbin, which is not on everybody's path. */
export function programPath(name: string): string | undefined {
  return Bun.which(name, { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` }) ?? undefined;
}

/** What a command says of itself, standard error included; undefined when there is no such command. */
export function versionOf(command: readonly [string, ...string[]], pattern: RegExp): string | undefined {
  const [name, ...args] = command;
  const program = programPath(name);
  if (program === undefined) return undefined;
  const { stdout, stderr } = Bun.spawnSync([program, ...args], { stdin: "ignore" });
  return pattern.exec(`${stdout}${stderr}`)?.[1];
}

/** Version of an npm package of this folder; undefined when `bun install --cwd bench/peers` was not run. */
export function packageVersion(name: string): string | undefined {
  try {
    const text = readFileSync(join(import.meta.dir, "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return undefined;
  }
}

const root = join(import.meta.dir, "..", "..");

/** The version with the commit, so that figures of two days can be told apart. */
export function microcosmVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const git = (...args: string[]) => Bun.spawnSync(["git", "-C", root, ...args], { stderr: "ignore" });
  const commit = git("rev-parse", "--short", "HEAD").stdout.toString().trim();
  if (commit === "") return version;
  const isChanged = git("status", "--porcelain", "--untracked-files=no").stdout.length > 0;
  return `${version} (${commit}${isChanged ? ", changed" : ""})`;
}
