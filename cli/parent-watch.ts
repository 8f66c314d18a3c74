import { readFileSync } from "node:fs";

const pollMs = 500;

/**
 * Under `npx … run topology` there is a shell between npm and us that dies of a signal without passing it on, and would
 * leave the whole run behind. This calls `orphaned` once our parent has lost its parent (Linux; elsewhere it does nothing).
 */
export function watchGrandparent(orphaned: () => void): () => void {
  const original = parentOf(process.ppid);
  if (process.env.npm_command !== "exec" || original === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (parentOf(process.ppid) === original) return;
    clearInterval(timer);
    orphaned();
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
}

function parentOf(pid: number): string | undefined {
  try {
    // pid (name) state ppid …; the name may hold spaces and parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  } catch {
    return undefined;
  }
}
