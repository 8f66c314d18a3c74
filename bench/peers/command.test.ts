import { expect, test } from "bun:test";
import { join } from "node:path";

const bench = join(import.meta.dir, "..", "main.ts");

async function run(...args: string[]): Promise<{ code: number; stderr: string }> {
  const child = Bun.spawn([process.execPath, bench, ...args], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await new Response(child.stderr).text();
  return { code: await child.exited, stderr };
}

test.each([
  [
    ["peers", "gatway"],
    'there is no part "gatway"; there are gateway, durable, memory, boot, telemetry, dashboard, services',
  ],
  [["gateway", "dashbord"], 'there is no part "dashbord"'],
  [["dashbord"], "did you mean dashboard?"],
  [["peers", "--rounds", "0"], '"0" is not a whole number above 0'],
  [["peers", "--into", "report.html"], "a report's .json is asked for"],
  [
    ["peers", "--into", bench.replace("main.ts", "peers/package.json")],
    "package.json is not a report of bench peers",
  ],
  [["curves", "hop"], 'there is no curve "hop"; there are hops, '],
  [["curves", "hops", "bodies", "--sizes", "1,2"], "--sizes is for one curve"],
  [["curves", "hops", "--sizes", "4,2"], "each size must be above the one before"],
])("%p is refused before anything is started", async (args, message) => {
  const { code, stderr } = await run(...args);
  expect(stderr).toContain(message);
  expect(code).toBe(1);
});
