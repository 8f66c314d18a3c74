/** `bun tests/soak/run.ts [minutes]`: the shop under load, default 10 minutes; fails when a process keeps growing. */
import { formatGrowth, measureGrowth } from "./memory.ts";

const minutes = Number(process.argv[2] ?? 10);
const boundMiBPerMinute = 2;
// The broker remembers ids for two minutes, and every cache fills meanwhile: growth is what goes on after that.
const all = await measureGrowth(180_000, minutes * 60_000);
process.stdout.write(`${formatGrowth(all)}\n`);
const growing = all.filter((growth) => growth.slope > boundMiBPerMinute);
process.stdout.write(
  growing.length === 0 ? "flat\n" : `growing: ${growing.map((g) => g.instance).join(", ")}\n`,
);
process.exitCode = growing.length === 0 ? 0 : 1;
