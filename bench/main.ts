/** `bun run bench [command]`: loads, compares and, without a command, measures the budgets of the design as ratios in one run. */
import { availableParallelism, cpus } from "node:os";
import { Command } from "commander";
import { closest, distance } from "fastest-levenshtein";
import { addBusLoadCommand } from "./bus-load/command.ts";
import { addCheckCommand } from "./check/command.ts";
import { addCompareModesCommand } from "./compare-modes/command.ts";
import { addCurvesCommand } from "./curves/command.ts";
import { addLoadCommand } from "./load/command.ts";
import { wholeNumber as whole } from "./option-values.ts";
import { addPeersCommand } from "./peers/command.ts";
import { programPath } from "./peers/side.ts";
import { addDiffCommand } from "./report/command.ts";
import { addSaturateCommand } from "./saturate/command.ts";
import { addStylesCommand } from "./styles/command.ts";
import { addServicesCommand } from "./services/command.ts";

const program = new Command("bench")
  .description(
    "Load a target, compare, and measure the budgets. Without a command: the budgets, each beside its peer in the same run, which takes a few minutes.",
  )
  .addHelpText(
    "after",
    "\nExamples:\n  $ bun run bench load http://127.0.0.1:8080/v1/products --rate 500\n  $ bun run bench gateway --rounds 5 --seconds 10",
  );

const available = (tool: string) => programPath(tool) !== undefined;

async function boot(options: { rounds: number }): Promise<void> {
  title("Start-up and memory");
  await (await import("./boot/run.ts")).benchBoot(options);
}

async function gateway(options: { rounds: number; seconds: number; connections: number }): Promise<void> {
  title("Gateway path, beside nginx proxy_pass to the same app");
  const missing = ["nginx", "wrk"].filter((tool) => !available(tool));
  if (missing.length > 0) {
    process.stdout.write(
      `not measured: install ${missing.join(" and ")} (Debian packages nginx-light, wrk)\n`,
    );
    return;
  }
  await (await import("./gateway/run.ts")).benchGateway(options);
}

async function telemetry(options: { rounds: number; seconds: number; connections: number }): Promise<void> {
  title("Gateway path, telemetry on beside off");
  if (!available("wrk")) {
    process.stdout.write("not measured: install wrk (Debian package wrk)\n");
    return;
  }
  await (await import("./telemetry/run.ts")).benchTelemetry(options);
}

async function bus(): Promise<void> {
  title("Bus, beside NATS");
  await (await import("./bus.ts")).benchBus();
}

async function dashboard(options: { rounds: number; seconds: number; rate: number }): Promise<void> {
  title("Dashboard: 50 services in a headless Chromium");
  if (!(await (await import("./dashboard/run.ts")).benchDashboard(options))) process.exitCode = 1;
}

function title(text: string): void {
  process.stdout.write(`\n${text}\n${"─".repeat(text.length)}\n`);
}

function environment(): void {
  const cores = availableParallelism();
  process.stdout.write(
    `Bun ${Bun.version}, ${cores} cores (${cpus()[0]?.model ?? "unknown"}). The load generator runs on the same cores.\n`,
  );
}

addLoadCommand(program);
addBusLoadCommand(program);
addSaturateCommand(program);
addDiffCommand(program);
addCompareModesCommand(program);
addStylesCommand(program);
addCheckCommand(program);
addPeersCommand(program);
addCurvesCommand(program);
addServicesCommand(program);
program
  .command("boot")
  .description("Start-up and memory of the shop, beside as many bare Bun workers.")
  .option("--rounds <n>", "rounds", whole, 5)
  .action(async (options) => {
    environment();
    await boot(options);
  });
program
  .command("gateway")
  .description("The gateway path, beside nginx proxy_pass to the same app (needs nginx and wrk).")
  .option("--rounds <n>", "rounds", whole, 5)
  .option("--seconds <n>", "seconds a measurement", whole, 5)
  .option("--connections <n>", "connections", whole, 32)
  .action(async (options) => {
    environment();
    await gateway(options);
  });
program
  .command("telemetry")
  .description("The gateway path with telemetry on, beside off (needs wrk).")
  .option("--rounds <n>", "pairs of turns", whole, 12)
  .option("--seconds <n>", "seconds a turn", whole, 2)
  .option("--connections <n>", "connections", whole, 32)
  .action(async (options) => {
    environment();
    await telemetry(options);
  });
program
  .command("bus")
  .description("Publish and subscribe, durable and in memory, beside NATS.")
  .action(async () => {
    environment();
    await bus();
  });
program
  .command("dashboard")
  .description("How smoothly the page shows 50 services under load, in a headless Chromium.")
  .option("--rounds <n>", "rounds", whole, 3)
  .option("--seconds <n>", "seconds a measurement of frames", whole, 8)
  .option("--rate <n>", "requests a second that the map shows", whole, 20_000)
  .action(async (options) => {
    environment();
    await dashboard(options);
  });
program.action(async () => {
  environment();
  await boot({ rounds: 5 });
  await gateway({ rounds: 3, seconds: 5, connections: 32 });
  await telemetry({ rounds: 12, seconds: 2, connections: 32 });
  await bus();
});

/** Commander would say of a mistyped command that there are too many arguments. */
function checkCommand(name: string | undefined): void {
  if (name === undefined || name.startsWith("-")) return;
  const known = ["help", ...program.commands.map((command) => command.name())];
  if (known.includes(name)) return;
  const near = closest(name, known);
  const hint =
    distance(name, near) <= 2 ? `; did you mean ${near}?` : "; bun run bench --help lists those there are";
  throw new Error(`there is no command "${name}"${hint}`);
}

try {
  checkCommand(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
