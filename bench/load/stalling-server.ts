/** Answers at once, but after `GET /stall?ms=N` its whole event loop stands still once for N ms. */
export const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const url = new URL(request.url);
    const stallMs = Number(url.searchParams.get("ms"));
    // After the answer has gone out.
    if (url.pathname === "/stall") setTimeout(() => Bun.sleepSync(stallMs), 20);
    return new Response("ok");
  },
});
process.stdout.write(`${server.port}\n`);
