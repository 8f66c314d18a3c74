import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { ndjson } from "./ndjson.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

test("a browser that never reads a tail stops it: no line is made for it", async () => {
  // 64 KiB a line: some hundred are more than all buffers of a socket.
  const filling = "x".repeat(64 * 1024);
  let made = 0;
  let ended = false;
  async function* lines(signal: AbortSignal) {
    try {
      while (!signal.aborted) yield { line: ++made, filling };
    } finally {
      ended = true;
    }
  }
  const ending = new AbortController();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: () => ndjson(lines, { ending: ending.signal, follow: true }),
  });
  cleanups.push(() => server.stop(true));
  const socket = connect(server.port!, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  // Until no more are made: the source would go on for ever, as fast as it can.
  let before = -1;
  for (let same = 0; same < 20; same = made === before ? same + 1 : 0) {
    before = made;
    await Bun.sleep(25);
  }
  expect(made).toBeGreaterThan(0);
  expect(made).toBeLessThan(400);
  socket.destroy();
  while (!ended) await Bun.sleep(5);
});
