/** Runs wrk (Debian package `wrk`) and reads its figures. It takes about one of the cores it measures on. */
export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of wrk itself, with the kernel's work for it, a request. */
  readonly cpuMicros: number;
  /** Answers outside 2xx and 3xx, and socket errors. */
  readonly errors: number;
}

export interface WrkOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
}

export async function wrk(options: WrkOptions): Promise<WrkResult> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const child = Bun.spawn(
    ["wrk", "-t1", `-c${options.connections}`, `-d${options.seconds}s`, "--latency", ...headers, options.url],
    { stdout: "pipe", stderr: "inherit" },
  );
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`wrk failed:\n${text}`);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  return { ...parseWrk(text), cpuMicros: Number(child.resourceUsage()!.cpuTime.total) / requests };
}

export function parseWrk(text: string): Omit<WrkResult, "cpuMicros"> {
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  const percentile = (p: number) => {
    const found = new RegExp(`^\\s+${p}%\\s+([\\d.]+)(us|ms|s)`, "m").exec(text);
    if (found === null) throw new Error(`wrk printed no ${p}%:\n${text}`);
    return Number(found[1]) * (found[2] === "us" ? 0.001 : found[2] === "s" ? 1000 : 1);
  };
  if (rate === undefined) throw new Error(`wrk printed no rate:\n${text}`);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const socket = [...(/Socket errors: (.*)/.exec(text)?.[1] ?? "").matchAll(/\d+/g)];
  const errors = refused + socket.reduce((sum, [digits]) => sum + Number(digits), 0);
  return { requestsPerSecond: Number(rate), p50Ms: percentile(50), p99Ms: percentile(99), errors };
}
