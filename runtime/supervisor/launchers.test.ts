import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fakeService, fakeTopology } from "./fixtures/topology.ts";
import { InProcessLauncher } from "./in-process-launcher.ts";
import type { LaunchedWorker } from "./launcher.ts";
import { ProcessLauncher } from "./process-launcher.ts";
import { serviceSpec } from "./worker-specs.ts";

const service = fakeService("orders");
const spec = serviceSpec(
  {
    topology: fakeTopology([service]),
    version: "0",
    mayRest: true,
    dataDirectory: "/d",
    controlAddress: "c",
    address: (id) => id,
  },
  service,
  { id: "orders-1", ordinal: 1, generation: 1 },
);

/** A launcher whose program is the given script. */
function launcher(script: string, env?: Record<string, string>): ProcessLauncher {
  const command = [process.execPath, "-e", script];
  return new ProcessLauncher(env === undefined ? { command } : { command, env });
}

describe("processes", () => {
  test("get the role word, the spec and the environment; their lines and exit are told", async () => {
    const script = `
      const spec = JSON.parse(process.env.MICROCOSM_WORKER);
      console.log(process.argv.at(-1), spec.instance, process.env.COLOUR);
      console.error("bad");
      process.exit(4);`;
    const lines: string[] = [];
    const env = { ...process.env, COLOUR: "red" } as Record<string, string>;
    const worker = launcher(script, env).launch(spec, (stream, line) => lines.push(`${stream}: ${line}`));
    expect(await worker.exited).toEqual({ code: 4, signal: null });
    expect(lines.sort()).toEqual(["stderr: bad", "stdout: worker orders-1 red"]);
  });

  test("that are killed tell the signal", async () => {
    const worker = launcher("setInterval(() => {}, 1000)").launch(spec, () => {});
    worker.kill("SIGKILL");
    expect(await worker.exited).toEqual({ code: null, signal: "SIGKILL" });
    worker.kill("SIGTERM");
  });

  test.skipIf(process.platform !== "linux")(
    "show from outside whether they wait, run or are held",
    async () => {
      const shows = async (worker: LaunchedWorker, waits: boolean) => {
        const end = Date.now() + 10_000;
        while (worker.pulse?.()?.waits !== waits) {
          if (Date.now() > end) throw new Error(`never seen with waits: ${waits}`);
          await Bun.sleep(10);
        }
      };
      const waiting = launcher("setInterval(() => {}, 100_000)").launch(spec, () => {});
      await shows(waiting, true);
      expect(waiting.pulse?.()?.rssBytes).toBeGreaterThan(1e6);
      waiting.hold?.("SIGSTOP");
      await shows(waiting, false);
      waiting.hold?.("SIGCONT");
      await shows(waiting, true);
      const running = launcher("for (;;);").launch(spec, () => {});
      await shows(running, false);
      for (const worker of [waiting, running]) {
        worker.kill("SIGKILL");
        await worker.exited;
        expect(worker.pulse?.()).toBeUndefined();
      }
    },
  );

  test.skipIf(process.platform !== "linux")(
    "die with the process that launched them, also when they hang",
    async () => {
      const supervisor = Bun.spawn(
        [process.execPath, join(import.meta.dir, "fixtures", "launching-process.ts")],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      const { value } = await supervisor.stdout.getReader().read();
      const pid = Number(new TextDecoder().decode(value));
      expect(isRunning(pid)).toBe(true);
      supervisor.kill("SIGKILL");
      await supervisor.exited;
      expect(await isOver(pid)).toBe(true);
    },
  );

  test("are gone even when a grandchild keeps their output open", async () => {
    // A child of theirs ends with them; its own child does not, when they have no time to look for it.
    const script = `
      Bun.spawn(["sh", "-c", "sleep 30 & echo $!; wait"], { stdio: ["ignore", "inherit", "inherit"] });
      setInterval(() => {}, 1000);`;
    const said = Promise.withResolvers<number>();
    const worker = launcher(script).launch(spec, (_stream, line) => said.resolve(Number(line)));
    const grandchild = await said.promise;
    worker.kill("SIGKILL");
    expect(await worker.exited).toEqual({ code: null, signal: "SIGKILL" });
    process.kill(grandchild, "SIGKILL");
  });

  test.skipIf(process.platform !== "linux")("take along what they started", async () => {
    const script = `
      console.log(Bun.spawn(["sleep", "30"], { stdio: ["ignore", "ignore", "ignore"] }).pid);
      setTimeout(() => process.exit(0), 50);`;
    const said = Promise.withResolvers<number>();
    const worker = launcher(script).launch(spec, (_stream, line) => said.resolve(Number(line)));
    const child = await said.promise;
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(await isOver(child)).toBe(true);
  });

  test("need a command", () => {
    expect(() => new ProcessLauncher({ command: [] })).toThrow("command");
    const nowhere = new ProcessLauncher({ command: ["/nowhere/microcosm"] });
    expect(() => nowhere.launch(spec, () => {})).toThrow();
  });
});

describe("objects in this process", () => {
  test("stop for either signal; SIGKILL is told as such", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const gone = Promise.withResolvers<void>();
      let stops = 0;
      const stop = async () => {
        stops += 1;
        gone.resolve();
      };
      const worker = new InProcessLauncher(async () => ({ stop, exited: gone.promise })).launch(
        spec,
        () => {},
      );
      expect(worker.pid).toBe(process.pid);
      worker.kill(signal);
      expect(await worker.exited).toEqual(
        signal === "SIGKILL" ? { code: null, signal } : { code: 0, signal: null },
      );
      expect(stops).toBe(1);
    }
  });

  test("that cannot be made have exited with the reason on stderr", async () => {
    const lines: string[] = [];
    const broken = new InProcessLauncher(async () => {
      throw new Error("no such role");
    });
    const worker = broken.launch(spec, (stream, line) => lines.push(`${stream}: ${line}`));
    expect(await worker.exited).toEqual({ code: 1, signal: null });
    worker.kill("SIGKILL");
    expect(lines[0]).toStartWith("stderr: Error: no such role");
  });
});

/** Within ten seconds; ended by force if not. A zombie is over: who reaps it is not our business. */
async function isOver(pid: number): Promise<boolean> {
  const end = Date.now() + 10_000;
  while (isRunning(pid)) {
    if (Date.now() > end) {
      process.kill(pid, "SIGKILL");
      return false;
    }
    await Bun.sleep(10);
  }
  return true;
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
