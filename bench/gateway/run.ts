import { budgetRows } from "../peers/budgets.ts";
import { writeBudget, writeFigure, writeRatio, writeVerdict } from "../peers/figures.ts";
import { runPart } from "../peers/part.ts";
import { gatewayPart } from "../peers/parts.ts";
import { columns } from "../report/terminal.ts";

export interface GatewayBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/**
 * The gateway path beside nginx `proxy_pass`: the same Hono app with one SQLite read behind both; ours also checks a
 * token, counts a rate limit and keeps trace and metrics. `bench peers` measures more peers, and writes a report.
 */
export async function benchGateway(options: GatewayBenchOptions): Promise<void> {
  const part = await gatewayPart(options);
  const sides = part.sides.filter(({ name }) => name === "Microcosm" || name === "nginx");
  const { samples } = await runPart({ ...part, sides }, options.rounds);
  const rows = budgetRows(samples).map((row) => [
    row.what,
    writeFigure(row.figure, row.oursSpread.median),
    writeFigure(row.figure, row.peerSpread.median),
    writeRatio(row.ratio),
    writeBudget(row),
    writeVerdict(row),
  ]);
  process.stdout.write(`${part.load}\n`);
  process.stdout.write(`${columns([["", "Microcosm", "nginx", "ratio", "budget", ""], ...rows])}\n`);
}
