import { join } from "node:path";
import { type ReadyChild, startReady } from "../../processes.ts";
import { untilAnswering } from "../../ports.ts";
import type { PeerChild } from "../child.ts";

const script = join(import.meta.dir, "..", "..", "gateway", "bare-server.ts");

/** An HTTP entry point with the items app behind it. */
export interface HttpRun {
  readonly url: string;
  /** The roots of the process trees that do the work; the load generator is not among them. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** The items app on `Bun.serve`, and the proxy that `proxy` starts in front of its port. */
export async function startBehind(
  proxy: (upstream: number) => Promise<{ readonly port: number; readonly child: PeerChild }>,
): Promise<HttpRun> {
  const app: ReadyChild = await startReady([process.execPath, script]);
  try {
    const { port, child } = await proxy(Number(app.line));
    const url = `http://127.0.0.1:${port}`;
    const stop = async () => void (await Promise.all([child.stop(), app.stop()]));
    try {
      await untilAnswering(`${url}/items/1`);
    } catch (error) {
      await stop();
      throw error;
    }
    return { url, pids: [child.pid, app.process.pid], stop };
  } catch (error) {
    await app.stop();
    throw error;
  }
}
