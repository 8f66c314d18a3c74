/**
 * A run from source starts its ten or so processes from TypeScript, and most of what they do until they are ready is
 * reading and compiling it: 1.6 s of CPU for the shop, against 0.4 s as the compiled binary. So `up` leaves that binary
 * (scripts/build.ts) in node_modules/.cache, and a later `up` of exactly the same source is continued by it: the same
 * process, the same terminal. Found here, made in prepare.ts. `MICROCOSM_PREPARED=off` runs from source always.
 */
import { existsSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileStamp, folderStamp } from "../embedded/stamp.ts";

/** What the binary is made of, and how. Of packages, the lock file stands for their contents. */
const made = ["sdk", "runtime", "gateway", "cli", "dashboard", "services", "embedded"] as const;
const madeFiles = ["main.ts", "package.json", "bun.lock", "topology.yaml", "scripts/build.ts"] as const;

/** A binary not used for this long may be deleted when another one is made. */
export const unusedMs = 60 * 60 * 1000;
const touchEveryMs = 10 * 60 * 1000;

const rootVariable = "MICROCOSM_PREPARED_FROM";

/** In a process that was continued as the prepared binary: the folder of its source. */
export function preparedRoot(): string | undefined {
  const root = process.env[rootVariable];
  // Not for the processes that this one starts.
  delete process.env[rootVariable];
  return root;
}

export function preparedFolder(root: string): string {
  return join(root, "node_modules", ".cache", "microcosm");
}

/** Where the binary of the source as it is now belongs, whether it is there or not. */
export function preparedProgram(root: string): string {
  const hash = new Bun.CryptoHasher("md5").update(`${Bun.version}\n${Bun.revision}\n`);
  for (const file of madeFiles)
    if (existsSync(join(root, file))) hash.update(fileStamp(join(root, file), file));
  for (const folder of made) hash.update(folderStamp(join(root, folder)));
  return join(preparedFolder(root), hash.digest("hex"), "microcosm");
}

/** Continues this process as the prepared binary. Returns when there is none for the source as it is. */
export function continuePrepared(root: string, args: readonly string[]): void {
  if (process.env.MICROCOSM_PREPARED === "off") return;
  // Not on every system, and not in every Bun.
  if (typeof process.execve !== "function" || !existsSync(preparedFolder(root))) return;
  const program = preparedProgram(root);
  if (!existsSync(program)) return;
  process.execve(program, [program, ...args], { ...process.env, [rootVariable]: root } as Record<
    string,
    string
  >);
}

/** While this process is such a binary: keeps it from being deleted as unused. Returns how to end that. */
export function keepPrepared(program: string): () => void {
  if (!program.includes(join("node_modules", ".cache", "microcosm"))) return () => {};
  const touch = () => {
    try {
      const now = new Date();
      utimesSync(dirname(program), now, now);
    } catch {
      // a cache that cannot be written is not cleaned up either
    }
  };
  touch();
  const timer = setInterval(touch, touchEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
