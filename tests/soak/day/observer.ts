/**
 * The observer in a process of its own, with a clock that its parent moves: `{ passMs }` by IPC, answered once the ticks
 * of that time ran, with what is alive of its heap when `isWeighed`. Arguments: socket, file, the time it begins at.
 */
import { heapStats } from "bun:jsc";
import { collectGarbage } from "../../../runtime/worker/run.ts";
import { VirtualClock } from "../../../runtime/virtual-clock.ts";
import { ObserverServer } from "../../../runtime/telemetry/observer/server.ts";
import { UnixTransport } from "../../../runtime/transport/unix.ts";

const [address = "", file = "", startMs = ""] = process.argv.slice(2);
const clock = new VirtualClock(Number(startMs));
const server = new ObserverServer({
  transport: new UnixTransport(),
  address,
  self: { service: "observer", instance: "observer-1", generation: 1 },
  file,
  clock,
  collectGarbage,
  warn: (message) => process.stderr.write(`observer: ${message}\n`),
});
await server.start();
process.on("message", ({ passMs, isWeighed }: { readonly passMs: number; readonly isWeighed: boolean }) => {
  clock.advance(passMs);
  process.send?.(isWeighed ? { aliveBytes: aliveBytes() } : {});
});

function aliveBytes(): number {
  Bun.gc(true);
  const { heapSize, extraMemorySize } = heapStats();
  return heapSize + extraMemorySize;
}

process.on("disconnect", () => void server.stop().finally(() => process.exit()));
process.send?.({});
