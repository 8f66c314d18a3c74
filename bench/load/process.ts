/** Entry of a generator process: started by `run.ts`, spoken to over the channel of Bun.spawn's `ipc`. */
import { LoadGenerator } from "./generator.ts";
import type { FromGenerator, ToGenerator } from "./messages.ts";
import { loadScenario } from "./scenarios.ts";

const warmupReportMs = 50;
const intervalMs = 1000;
const deliveriesMs = 50;

const send = (message: FromGenerator) => process.send!(message);
/** performance.now() of a time since the epoch. */
const local = (epochMs: number) => epochMs - performance.timeOrigin;

let generator: LoadGenerator | undefined;
let warmupTimer: Timer | undefined;

process.on("message", (message: ToGenerator) => {
  handle(message).catch((error: Error) => send({ kind: "broken", message: error.message }));
});
// Without its parent there is nobody to measure for.
process.on("disconnect", () => process.exit(1));
// Ctrl-C at a terminal goes to every process of the command: the parent ends this one, once it has been told what was measured.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

async function handle(message: ToGenerator): Promise<void> {
  switch (message.kind) {
    case "plan": {
      const { plan, index } = message;
      const scenario = plan.scenarioFile === undefined ? undefined : await loadScenario(plan.scenarioFile);
      generator = new LoadGenerator({ plan, index, scenario });
      await generator.prepare();
      send({ kind: "ready" });
      break;
    }
    case "start":
      generator!.start(local(message.atMs));
      warmupTimer = setInterval(() => {
        const { recorder } = generator!;
        send({ kind: "warmup", ...recorder.takeWarmup(), failed: recorder.failures });
      }, warmupReportMs);
      break;
    case "measure":
      clearInterval(warmupTimer);
      await measure(generator!, local(message.fromMs));
      break;
    case "stop":
      generator!.stop();
      break;
    case "drained":
      generator!.drained();
      break;
  }
}

async function measure(running: LoadGenerator, fromMs: number): Promise<void> {
  running.measure(fromMs);
  let second = 0;
  const report = () => send({ kind: "interval", counts: running.takeInterval(second++) });
  let timer: Timer | undefined;
  // Seconds are counted from the start of the measurement; a timer set anew each time does not drift.
  const arm = () => {
    timer = setTimeout(
      () => {
        report();
        arm();
      },
      Math.max(1, fromMs + (second + 1) * intervalMs - performance.now()),
    );
  };
  arm();
  const deliveries = setInterval(() => {
    const found = running.deliveries;
    if (found !== undefined) send({ kind: "deliveries", ...found });
  }, deliveriesMs);
  const result = await running.finish();
  clearTimeout(timer);
  clearInterval(deliveries);
  report();
  send({ kind: "result", result });
}
