import { resolve } from "node:path";

/** Runs while the binary is built: the dashboard's files by address. In a process of its own, since Bun.build needs its loop. */
export function dashboardFiles(): Record<string, string> {
  const root = resolve(import.meta.dir, "..");
  const script =
    'const { bundleDashboard } = await import("./dashboard/bundle.ts"); console.log(JSON.stringify(await bundleDashboard()))';
  const build = Bun.spawnSync([process.execPath, "-e", script], { cwd: root });
  if (build.exitCode !== 0) throw new Error(`the dashboard cannot be bundled: ${build.stderr.toString()}`);
  return JSON.parse(build.stdout.toString()) as Record<string, string>;
}
