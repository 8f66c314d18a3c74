import type { Subprocess } from "bun";

const stopTimeoutMs = 10_000;

export interface PeerChild {
  readonly pid: number;
  /** SIGTERM, then SIGKILL after ten seconds. Idempotent; resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * A server that says nothing when it is ready: `ready` finds out. What it writes is kept, and shown when it does not come up.
 */
export async function startServer(
  command: readonly string[],
  ready: () => Promise<void>,
  options: { readonly env?: Readonly<Record<string, string | undefined>>; readonly cwd?: string } = {},
): Promise<PeerChild> {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const stop = () => end(child);
  const died = child.exited.then((code) => {
    throw new Error(`${command[0]} ended with code ${code} before it was ready`);
  });
  try {
    await Promise.race([ready(), died]);
    died.catch(() => undefined);
    return { pid: child.pid, stop };
  } catch (cause) {
    await stop();
    const said = (await output).join("").trim().split("\n").slice(-8).join("\n");
    throw new Error(`${command.join(" ")}: ${(cause as Error).message}${said === "" ? "" : `\n${said}`}`, {
      cause,
    });
  }
}

async function end(child: Subprocess): Promise<void> {
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await child.exited;
  clearTimeout(killer);
}
