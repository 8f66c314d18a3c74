/** The command line against a running shop, as pasted from its help. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli, eventually, isAlive, main, Run } from "../kit/run.ts";

let run: Run;
beforeAll(async () => {
  run = await Run.start();
});
afterAll(async () => {
  await run?.stop();
});

const json = (text: string) =>
  text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe("looking", () => {
  test("ps shows every instance with its state", async () => {
    const { stdout, code } = await run.cli("ps");
    expect(code).toBe(0);
    for (const service of ["gateway", "broker", "identity", "catalog", "inventory", "orders", "payments"]) {
      expect(stdout).toContain(`${service}-1`);
    }
    expect(stdout).not.toContain("\x1b[");
  });

  test("logs are structured, and filtered by service", async () => {
    const lines = json((await run.cli("logs", "catalog", "--json")).stdout);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatchObject({ service: "catalog", instance: "catalog-1" });
  });

  test("logs are those of a stretch of time", async () => {
    const all = json((await run.cli("logs", "--json")).stdout) as { at: number }[];
    const [first, last] = [all[0]!.at, all.at(-1)!.at];
    const within = async (...options: string[]) =>
      json((await run.cli("logs", "--json", ...options)).stdout) as { at: number }[];
    const time = (at: number) => new Date(at).toISOString();
    expect(await within("--since", time(last + 1))).toEqual([]);
    expect(await within("--until", time(first - 1))).toEqual([]);
    const middle = all[Math.floor(all.length / 2)]!.at;
    const later = await within("--since", time(middle), "--until", time(last));
    expect(later).toEqual(all.filter(({ at }) => at >= middle && at <= last));
    const wrong = await run.cli("logs", "--since", "lately");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('"lately" is no moment')]);
    expect((await run.cli("logs", "-f", "--until", "1m")).stderr).toContain("leave out --until");
    expect(json((await run.cli("traces", "--since", time(Date.now() + 60_000), "--json")).stdout)).toEqual(
      [],
    );
  });

  test("logs -f --grep goes on with lines that say it, in the message or in a field beside it", async () => {
    const grep = ["--grep", "STOCK is not \\w+", "--data", run.data];
    const follower = Bun.spawn([process.execPath, main, "logs", "-f", "--lines=1", "--json", ...grep], {
      stdout: "pipe",
      stderr: "inherit",
    });
    // What a subscriber cannot use it says a word about. Again, as the first may come before anybody follows.
    const publishing = setInterval(() => void run.cli("bus", "publish", "order.confirmed", "{}"), 1000);
    try {
      let text = "";
      for await (const part of follower.stdout) {
        text += new TextDecoder().decode(part);
        if (text.includes("\n")) break;
      }
      const [line] = json(text);
      expect(line).toMatchObject({ service: "inventory", level: "warn" });
      expect(line.message).not.toContain("stock is not");
    } finally {
      clearInterval(publishing);
      follower.kill();
      await follower.exited;
    }
  }, 60_000);

  test("bus topics lists subscriptions", async () => {
    const topics = json((await run.cli("bus", "topics", "--json")).stdout);
    const placed = topics.find((topic) => topic.topic === "order.placed");
    expect(placed.subscriptions.map((s: { subscription: string }) => s.subscription)).toContain("inventory");
  });

  test("call reaches a service past the gateway", async () => {
    const { stdout, code } = await run.cli("call", "catalog", "GET", "/products?limit=2");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).items).toHaveLength(2);
    expect((await run.cli("call", "catalog", "GET", "/nothing")).code).toBe(1);
  });
});

describe("changing", () => {
  test("scale up and down; every instance gets calls", async () => {
    expect((await run.cli("scale", "catalog=3")).code).toBe(0);
    const ready = (await run.instances()).filter((i) => i.service === "catalog" && i.state === "ready");
    expect(ready.map((i) => i.id).sort()).toEqual(["catalog-1", "catalog-2", "catalog-3"]);
    const answered = new Set<string>();
    for (let i = 0; i < 9; i++) {
      answered.add(
        json((await run.cli("call", "catalog", "GET", "/products/1", "--json")).stdout)[0].instance,
      );
    }
    expect(answered.size).toBe(3);
    expect((await run.cli("scale", "catalog=1")).code).toBe(0);
    const left = (await run.instances()).filter((i) => i.service === "catalog" && i.state !== "stopped");
    expect(left.map((i) => i.id)).toEqual(["catalog-1"]);
    for (const instance of ready.slice(1)) expect(isAlive(instance.pid as number)).toBe(false);
  });

  test("restart raises the generation and keeps the id", async () => {
    const before = await run.instance("payments-1");
    expect((await run.cli("restart", "payments")).code).toBe(0);
    const after = await run.instance("payments-1");
    expect(after.generation).toBe(before.generation + 1);
    expect(after.state).toBe("ready");
  });

  test("stop keeps it stopped, start brings it back", async () => {
    expect((await run.cli("stop", "notifications-1")).code).toBe(0);
    expect((await run.instance("notifications-1")).state).toBe("stopped");
    expect((await run.cli("start", "notifications")).code).toBe(0);
    expect((await run.instance("notifications-1")).state).toBe("ready");
  });

  test("a killed instance comes back by itself", async () => {
    const before = await run.instance("catalog-1");
    process.kill(before.pid as number, "SIGKILL");
    await eventually("catalog-1 is back", async () => {
      const now = await run.instance("catalog-1");
      return now.state === "ready" && now.generation > before.generation;
    });
  });

  test("bus publish, tail and replay", async () => {
    const text = JSON.stringify({ probe: crypto.randomUUID() });
    const published = json((await run.cli("bus", "publish", "stock.changed", text, "--json")).stdout)[0];
    expect(published.id).toBeString();
    const tail = await run.cli(
      "bus",
      "tail",
      "stock.changed",
      "--from",
      String(published.offset),
      "--limit",
      "1",
      "--json",
    );
    expect(json(tail.stdout)[0]).toMatchObject({ id: published.id, data: JSON.parse(text) });
    expect(
      (await run.cli("bus", "replay", "order.placed", "--subscription", "inventory", "--from", "0")).code,
    ).toBe(0);
  });
});

describe("mistakes", () => {
  test("an unknown service, a bad count, an unknown topic are told, with exit code 1", async () => {
    for (const [args, text] of [
      [["scale", "catalgo=2"], "catalog"],
      [["scale", "catalog=many"], "catalog=3"],
      [["restart", "nobody"], "nobody"],
      [["bus", "publish", "order.plcaed", "{}"], "order.placed"],
      [["bus", "publish", "order.placed", "{not json"], "JSON"],
      [["call", "nobody", "GET", "/"], "nobody"],
    ] as const) {
      const { code, stderr } = await run.cli(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toContain(text);
      expect(stderr).not.toContain("    at ");
    }
  });

  test("an unknown command or option: exit code 2 and a suggestion", async () => {
    const unknown = await cli(["sclae", "catalog=2"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("scale");
    expect((await cli(["ps", "--nope"])).code).toBe(2);
  });

  test("a second up on the same data is refused and names the first's pid", async () => {
    const second = await cli(["up", "--data", run.data, "--port=0", "--control-port=0", "--json"]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(String(run.pid));
  });

  test("with no run there: not-running", async () => {
    const { code, stderr } = await cli(["ps", "--data", join(tmpdir(), "no-such-run")]);
    expect(code).toBe(1);
    expect(stderr).toContain("microcosm up");
  });
});

test("every command's help has examples", async () => {
  const help = (await cli(["--help"])).stdout;
  const listed = help.slice(help.indexOf("Commands:"));
  const commands = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
  expect(commands).toContain("top");
  for (const command of commands.filter((name) => name !== "help")) {
    const { stdout, code } = await cli([command, "--help"]);
    expect({ command, code }).toEqual({ command, code: 0 });
    expect({ command, example: stdout.includes("$ microcosm") }).toEqual({ command, example: true });
  }
}, 60_000);

test("down ends the run and all its processes", async () => {
  const other = await Run.start();
  const pids = (await other.instances()).map((instance) => instance.pid as number);
  expect((await other.cli("down")).code).toBe(0);
  expect(await other.stop()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
});

test("init makes a topology that runs and whose test passes", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mc-init-"));
  try {
    expect((await cli(["init", "my-shop"], { cwd: directory })).code).toBe(0);
    const made = join(directory, "my-shop");
    expect(existsSync(join(made, "topology.yaml"))).toBe(true);
    expect((await cli(["validate"], { cwd: made })).code).toBe(0);
    const tested = await cli(["test"], { cwd: made });
    expect(tested.stderr + tested.stdout).toContain("0 fail");
    expect(tested.code).toBe(0);
    await using hello = await Run.start({ topology: join(made, "topology.yaml"), cwd: made });
    expect((await fetch(`${hello.gateway}/greetings`)).status).toBe(200);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("without --json, up shows the services and things to try", async () => {
  const data = mkdtempSync(join(tmpdir(), "mc-"));
  const child = Bun.spawn([process.execPath, main, "up", "--data", data, "--port=0", "--control-port=0"], {
    cwd: join(import.meta.dir, "..", ".."),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      // Notices come after the table.
      if (text.includes("Ctrl-C") && text.includes("admin@shop.test")) break;
    }
    for (const expected of [
      "orders-1",
      "payments-1",
      "gateway",
      "http://127.0.0.1:",
      "admin@shop.test",
      "curl",
    ]) {
      expect(text).toContain(expected);
    }
  } finally {
    child.kill("SIGTERM");
    // As when the program that started it passes on what the whole process group has got.
    await Bun.sleep(20);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    rmSync(data, { recursive: true, force: true });
  }
});

test("a run under npm ends when npm's shell is killed", async () => {
  const data = mkdtempSync(join(tmpdir(), "mc-"));
  const command = `"${process.execPath}" "${main}" up --data "${data}" --port=0 --control-port=0 --json; :`;
  const shell = Bun.spawn(["sh", "-c", command], {
    cwd: join(import.meta.dir, "..", ".."),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    env: { ...process.env, npm_config_user_agent: "npm/11.0.0 node/v22" },
  });
  try {
    const { value } = await shell.stdout.getReader().read();
    const ready = JSON.parse(new TextDecoder().decode(value)) as { instances: { pid: number }[] };
    shell.kill("SIGKILL");
    await eventually("all processes end", () => !ready.instances.some(({ pid }) => isAlive(pid)));
  } finally {
    shell.kill("SIGKILL");
    rmSync(data, { recursive: true, force: true });
  }
});
