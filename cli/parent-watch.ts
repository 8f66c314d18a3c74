import { readFileSync } from "node:fs";

const pollMs = 500;
/** Shell, `bun run`, the first run's installer: how far up npm may be. */
const levels = 6;

/**
 * Under `npx … run topology` there is a shell between npm and us that dies of a signal without passing it on, and would
 * leave the whole run behind. This calls `orphaned` once one of our ancestors has lost its parent (Linux; elsewhere it does
 * nothing).
 */
export function watchAncestors(orphaned: () => void): () => void {
  const original = ancestors();
  // Bun passes npm's user agent on; on its own it says bun/….
  const underNpm = process.env.npm_config_user_agent?.startsWith("npm/") === true;
  if (!underNpm || original.length === 0) return () => undefined;
  const timer = setInterval(() => {
    if (ancestors().join() === original.join()) return;
    clearInterval(timer);
    orphaned();
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Parent, its parent, and so on. */
function ancestors(): string[] {
  const chain: string[] = [];
  for (let pid = parentOf("self"); pid !== undefined && chain.length < levels; pid = parentOf(pid)) {
    if (pid === "0") break;
    chain.push(pid);
  }
  return chain;
}

function parentOf(pid: string): string | undefined {
  try {
    // pid (name) state ppid …; the name may hold spaces and parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  } catch {
    return undefined;
  }
}
