/**
 * The observer in a process of its own, with a clock that its parent moves: `{ passMs }` by IPC, answered once the ticks
 * of that time ran. Arguments: socket, file, the time it begins at.
 */
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
  collectGarbage: () => Bun.gc(true),
  warn: (message) => process.stderr.write(`observer: ${message}\n`),
});
await server.start();
process.on("message", ({ passMs }: { readonly passMs: number }) => {
  clock.advance(passMs);
  process.send?.({ now: clock.now() });
});
process.on("disconnect", () => void server.stop().finally(() => process.exit()));
process.send?.({ now: clock.now() });
