/** Loopback ports for systems that want to be told theirs, and waiting until they listen. */
import { createServer } from "node:net";

const answerTimeoutMs = 90_000;
const retryMs = 20;

/** Another process could take it before its user does; a bench run then fails and says so. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when something accepts connections there. */
export async function untilListening(port: number): Promise<void> {
  await until(`port ${port}`, async () => {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  });
}

/** Resolves when the address answers with 2xx. */
export async function untilAnswering(url: string): Promise<void> {
  await until(url, async () => (await fetch(url)).ok);
}

async function until(what: string, answers: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + answerTimeoutMs;
  for (;;) {
    try {
      if (await answers()) return;
    } catch {
      // not there yet
    }
    if (Date.now() > deadline) throw new Error(`${what} does not answer within ${answerTimeoutMs} ms`);
    await Bun.sleep(retryMs);
  }
}
