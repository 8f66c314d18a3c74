/** The command as a person types it: what is wrong is said, the exit code is not 0, and what was measured is written. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadResult } from "./result.ts";
import { readReport } from "../report/report.ts";

const directory = mkdtempSync(join(tmpdir(), "load-command-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const stops: (() => unknown)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

async function load(...args: readonly string[]) {
  const main = join(import.meta.dir, "..", "main.ts");
  const short = ["--duration", "500ms", "--warmup", "0s", "--timeout", "400ms", "--out", directory, "--json"];
  const child = Bun.spawn([process.execPath, main, "load", ...short, ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

function listen(data: (socket: { write(text: string): unknown; terminate(): void }) => void): string {
  const server = Bun.listen({ port: 0, hostname: "127.0.0.1", socket: { data } });
  stops.push(() => server.stop(true));
  return `http://127.0.0.1:${server.port}/`;
}

/** The report is there and says the same as the terminal. */
function problemsOf(stdout: string): string[] {
  const { files } = JSON.parse(stdout) as { files: { html: string; json: string } };
  expect(existsSync(files.html)).toBe(true);
  const { problems } = readReport(files.json).load;
  expect(readReport(files.html).load.problems).toEqual(problems);
  return problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

describe.concurrent("a target that", () => {
  const targets: readonly (readonly [string, () => string, string])[] = [
    ["refuses", () => "http://127.0.0.1:1/", "answered nothing (refused"],
    ["resets", () => listen((socket) => socket.terminate()), "answered nothing (reset"],
    [
      "answers garbage",
      () => listen((socket) => socket.write("220 mail ESMTP\r\n")),
      "answered nothing (garbage",
    ],
    ["answers never", () => listen(() => undefined), "answered nothing (timeout"],
  ];
  for (const [what, target, message] of targets) {
    test(`${what} is told, in a report too`, async () => {
      const { stdout, code } = await load(target(), "--rate", "20");
      expect(problemsOf(stdout)[0]).toContain(message);
      expect(code).toBe(1);
    }, 30_000);
  }
});

test("a scenario whose target is gone is told, in a report too", async () => {
  const { stdout, code } = await load("http://127.0.0.1:1/", "--scenario", "shop", "--rate", "5");
  expect(problemsOf(stdout)[0]).toStartWith("nothing was measured: the setup of scenario shop failed");
  expect(code).toBe(1);
}, 60_000);

test("a rate beyond all reason ends in time all the same", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  stops.push(() => server.stop(true));
  const { stdout, code } = await load(
    server.url.href,
    ...["--rate", "100000000", "--warmup", "0s", "--timeout", "1s", "--duration", "1s"],
  );
  expect(problemsOf(stdout).join()).toContain("the rate of 100,000,000 a second was not reached");
  expect(code).toBe(1);
}, 60_000);

test("a rate that this machine cannot make is told, in a report too", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  stops.push(() => server.stop(true));
  const { stdout, code } = await load(
    server.url.href,
    "--rate",
    "2000000",
    "--timeout",
    "60s",
    "--duration",
    "200ms",
  );
  expect(
    problemsOf(stdout).some((message) =>
      message.startsWith("the rate of 2,000,000 a second was not reached"),
    ),
  ).toBe(true);
  expect(code).toBe(1);
}, 120_000);

test("Ctrl-C at a terminal ends it early, with a report of what was measured", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  stops.push(() => server.stop(true));
  const main = join(import.meta.dir, "..", "main.ts");
  const options = ["--rate", "50", "--duration", "60s", "--warmup", "0s", "--processes", "2", "--json"];
  const child = Bun.spawn(
    [process.execPath, main, "load", server.url.href, ...options, "--out", directory],
    // A process group of its own, which is what a terminal sends the signal to.
    { stdout: "pipe", stderr: "pipe", detached: true },
  );
  const told = child.stderr.getReader();
  // After five seconds it tells of itself.
  await told.read();
  process.kill(-child.pid, "SIGINT");
  const [stdout, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  expect(problemsOf(stdout)).toEqual([]);
  const load = JSON.parse(stdout) as LoadResult;
  expect(load.total.replied).toBe(load.due);
  expect(load.measuredMs).toBeWithin(4000, 60_000);
  expect(load.problems.map(({ message }) => message).join()).toContain("interrupted after");
  expect(code).toBe(130);
}, 90_000);

test("what is not known is refused, by name", async () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [["http://127.0.0.1:1/", "--rate", "1", "--scenario", "shpo"], "did you mean shop?"],
    [["http://127.0.0.1:1/", "--rate", "1", "--clientz", "3"], "unknown option '--clientz'"],
    [["ftp://127.0.0.1/", "--rate", "1"], "is not a URL to load"],
    [["http://127.0.0.1:1/"], "give --rate N"],
  ];
  const told = await Promise.all(wrong.map(([args]) => load(...args)));
  for (const [i, [, message]] of wrong.entries()) {
    expect(told[i]!.stderr).toContain(message);
    expect(told[i]!.code).toBe(1);
  }
}, 60_000);
