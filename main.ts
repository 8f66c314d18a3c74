#!/usr/bin/env bun
/**
 * The one program. `microcosm worker` is a worker of a running topology; everything else is the command line.
 * Only what the role needs is imported: a worker's start-up time is part of every start.
 */
/** Ten times the usual number of calls before a function is compiled; a hundred times is not better. */
const startJitPolicy = 10;
const fromSource = !import.meta.url.includes("$bunfs");

// Most of a start runs once: compiling it to machine code took a quarter of the time. Taken back by what becomes ready.
Bun.unsafe.setJITPolicy(startJitPolicy);

// A worker was started by this program, which has looked.
if (fromSource && process.argv[2] !== "worker") {
  const { isInstalled, installAndRerun } = await import("./cli/install.ts");
  if (!isInstalled(import.meta.dir)) process.exit(await installAndRerun(import.meta.dir, import.meta.path));
}

if (fromSource && process.argv[2] === "up") {
  const { continuePrepared } = await import("./cli/prepared.ts");
  continuePrepared(import.meta.dir, process.argv.slice(2));
}

if (process.argv[2] === "worker") {
  const { runWorker } = await import("./runtime/worker/run.ts");
  const { roleOf } = await import("./cli/roles.ts");
  await runWorker(roleOf);
} else {
  const { runCli } = await import("./cli/program.ts");
  const { preparedRoot } = await import("./cli/prepared.ts");
  const exitCode = await runCli(process.argv.slice(2), {
    // Without --no-install, Bun would fetch any package that a service outside this tree imports and nobody installed.
    command: fromSource ? [process.execPath, "--no-install", import.meta.path] : [process.execPath],
    root: fromSource ? import.meta.dir : preparedRoot(),
  });
  // A timer that some part left must not hold the terminal; what was written must be out.
  await new Promise<void>((written) => process.stdout.write("", () => written()));
  process.exit(exitCode);
}
