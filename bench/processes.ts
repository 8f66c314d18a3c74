import type { BunFile, Subprocess } from "bun";

const readyTimeoutMs = 30_000;

/** A child whose first line of standard output says that it is ready. */
export interface ReadyChild {
  readonly line: string;
  readonly process: Subprocess;
  /** SIGTERM, then SIGKILL after five seconds; resolves when it is gone. */
  stop(): Promise<void>;
}

export async function startReady(
  command: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Record<string, string | undefined>;
    /** Default: this process's own. */
    readonly stderr?: BunFile;
  } = {},
): Promise<ReadyChild> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "inherit", ...options });
  const stop = async () => {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await child.exited;
    clearTimeout(killer);
  };
  try {
    return { line: await firstLine(child.stdout), process: child, stop };
  } catch (cause) {
    await stop();
    throw new Error(`${command.join(" ")}: not ready`, { cause });
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  const timeout = setTimeout(() => void reader.cancel(), readyTimeoutMs);
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended before its first line, wrote: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(timeout);
  }
  // The rest is read and dropped, so that a chatty child never blocks on a full pipe.
  void (async () => {
    while (!(await reader.read()).done);
  })().catch(() => undefined);
  return text.slice(0, text.indexOf("\n"));
}
