import { existsSync } from "node:fs";
import { join } from "node:path";

/** Whether a checkout has its packages. */
export function isInstalled(directory: string): boolean {
  return existsSync(join(directory, "node_modules", "hono"));
}

/**
 * First run from a fresh checkout: installs the packages, then starts the same command again, because a running Bun
 * has already noted that there is no node_modules. Returns the exit code.
 */
export async function installAndRerun(directory: string, main: string): Promise<number> {
  process.stderr.write("Installing packages (first run only)…\n");
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile", "--silent"], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (install.exitCode !== 0) {
    process.stderr.write(`error: "bun install" failed with exit code ${install.exitCode}, see above.\n`);
    return 1;
  }
  const child = Bun.spawn([process.execPath, main, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return await child.exited;
}
