import { rm } from "node:fs/promises";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnixTransport } from "../runtime/transport/unix.ts";
import type { LinkHandler, ReplySink } from "../runtime/transport/transport.ts";

/**
 * What a call costs between two processes, over the link and over `fetch({unix})`: calls a second and CPU time of
 * both ends per call. The CPU time is what to compare: it holds on a busy machine.
 *
 *     bun bench/transport.ts [--seconds 2] [--in-flight 64]
 */
const replyBody = JSON.stringify({
  id: "p-0042",
  name: "Lamp",
  description: "x".repeat(120),
  priceCents: 4200,
});
const replyHead = [200, ["content-type", "application/json"]];
const requestHead = [
  "GET",
  "/products/p-0042",
  [
    "accept",
    "application/json",
    "user-agent",
    "bench/1.0",
    "x-request-id",
    "0190d5e2-0000-7000-8000-0123456789ab",
  ],
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  1,
  ["0190d5e2-1111-7000-8000-0123456789ab", ["customer"], "someone@example.org"],
  "0190d5e2-0000-7000-8000-0123456789ab",
];

interface Measured {
  readonly callsPerSecond: number;
  readonly callerMicros: number;
  readonly calleeMicros: number;
}

const self = { service: "bench", instance: "bench-1", generation: 1 };

async function serve(kind: string, address: string): Promise<void> {
  if (kind === "fetch") {
    Bun.serve({
      unix: address,
      fetch: () => new Response(replyBody, { headers: { "content-type": "application/json" } }),
    });
  } else {
    const handler: LinkHandler = { call: (call) => call.reply(replyHead, replyBody) };
    await new UnixTransport().listen(address, { self, handler });
  }
  process.on("message", () => process.send?.(micros()));
  process.send?.("ready");
}

function micros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Keeps `inFlight` calls under way for `durationMs`. Returns how many ended. */
async function linkCaller(
  address: string,
  inFlight: number,
): Promise<(durationMs: number) => Promise<number>> {
  const link = await new UnixTransport().connect(address, { self, handler: { call() {} } });
  return (durationMs) =>
    new Promise((resolve, reject) => {
      const until = Date.now() + durationMs;
      let ended = 0;
      let open = inFlight;
      const sink: ReplySink = {
        reply() {
          ended++;
          const now = Date.now();
          if (now < until) link.call(requestHead, null, now + 2000, sink);
          else if (--open === 0) resolve(ended);
        },
        fail: reject,
      };
      for (let i = 0; i < inFlight; i++) link.call(requestHead, null, Date.now() + 2000, sink);
    });
}

async function fetchCaller(
  address: string,
  inFlight: number,
): Promise<(durationMs: number) => Promise<number>> {
  return async (durationMs) => {
    const until = Date.now() + durationMs;
    let ended = 0;
    const lane = async () => {
      while (Date.now() < until) {
        const response = await fetch("http://local/products/p-0042", {
          unix: address,
          headers: { accept: "application/json", "x-request-id": "0190d5e2-0000-7000-8000-0123456789ab" },
        });
        await response.arrayBuffer();
        ended++;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return ended;
  };
}

async function measure(kind: "link" | "fetch", durationMs: number, inFlight: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), "microcosm-bench-"));
  const address = join(directory, `${kind}.sock`);
  let heard = Promise.withResolvers<unknown>();
  const next = () => {
    heard = Promise.withResolvers();
    return heard.promise;
  };
  const ready = next();
  const child = Bun.spawn([process.execPath, import.meta.path, "--serve", kind, address], {
    ipc: (message) => heard.resolve(message),
    stdout: "inherit",
    stderr: "inherit",
  });
  try {
    await ready;
    const run = await (kind === "link" ? linkCaller : fetchCaller)(address, inFlight);
    await run(durationMs / 4);
    const ask = async () => {
      const answer = next();
      child.send("cpu");
      return Number(await answer);
    };
    const calleeBefore = await ask();
    const callerBefore = micros();
    const started = performance.now();
    const calls = await run(durationMs);
    const seconds = (performance.now() - started) / 1000;
    const callerMicros = (micros() - callerBefore) / calls;
    const calleeMicros = ((await ask()) - calleeBefore) / calls;
    return { callsPerSecond: calls / seconds, callerMicros, calleeMicros };
  } finally {
    child.kill();
    await child.exited;
    await rm(directory, { recursive: true, force: true });
  }
}

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : Number(process.argv[at + 1]);
}

async function main(): Promise<void> {
  const serveAt = process.argv.indexOf("--serve");
  if (serveAt !== -1) {
    await serve(process.argv[serveAt + 1] ?? "", process.argv[serveAt + 2] ?? "");
    return;
  }
  const durationMs = option("seconds", 2) * 1000;
  const inFlight = option("in-flight", 64);
  const link = await measure("link", durationMs, inFlight);
  const viaFetch = await measure("fetch", durationMs, inFlight);
  for (const [name, result] of Object.entries({ link, "fetch({unix})": viaFetch })) {
    console.log(
      `${name.padEnd(14)} ${Math.round(result.callsPerSecond).toString().padStart(7)} calls/s   ` +
        `${result.callerMicros.toFixed(2).padStart(6)} µs caller   ${result.calleeMicros.toFixed(2).padStart(6)} µs callee`,
    );
  }
  const cost = (result: Measured) => result.callerMicros + result.calleeMicros;
  console.log(
    `ratio          ${(link.callsPerSecond / viaFetch.callsPerSecond).toFixed(2)} × the calls, ` +
      `${(cost(link) / cost(viaFetch)).toFixed(2)} × the CPU`,
  );
  process.exit(0);
}

await main();
