import { describe, expect, test } from "bun:test";
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

  test("are gone even when a grandchild keeps their output open", async () => {
    const script = `
      const child = Bun.spawn(["sleep", "30"], { stdio: ["ignore", "inherit", "inherit"] });
      console.log(child.pid);
      process.exit(0);`;
    const lines: string[] = [];
    const worker = launcher(script).launch(spec, (_stream, line) => lines.push(line));
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    process.kill(Number(lines[0]), "SIGKILL");
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
