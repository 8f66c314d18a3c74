/** The least that a target can do, so that what limits a run is the generator or the machine. */
export const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello world") });
process.stdout.write(`${server.port}\n`);
