/**
 * `bun bench/load/accuracy.ts [--svg FILE] [--rate N]`: a run of 30 s at a fixed rate against a server that stands still once
 * for 1.4 s. The corrected percentiles have to be what arithmetic says; the uncorrected show what a generator hides that
 * counts from the send.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startReady } from "../processes.ts";
import { readEnvironment } from "../report/environment.ts";
import { latency } from "../report/figures.ts";
import { percentileSvgFile } from "../report/html.ts";
import { columns } from "../report/terminal.ts";
import { LatencyHistogram } from "./histogram.ts";
import { makePlan } from "./plan.ts";
import { runLoad } from "./run.ts";
import { stallPercentileMs } from "./stall.ts";

const stallMs = 1400;
const durationMs = 30_000;
const stallAtSecond = 10;
const tolerance = 0.02;

const { values: options } = parseArgs({
  options: { svg: { type: "string" }, rate: { type: "string", default: "500" } },
});
const rate = Number(options.rate);

const server = await startReady([process.execPath, join(import.meta.dir, "stalling-server.ts")]);
try {
  const url = `http://127.0.0.1:${server.line}/`;
  const plan = makePlan({
    url,
    durationMs,
    warmup: 2000,
    // Few connections, so that they are all stuck in the stall: the case that fools a naive generator.
    connections: 10,
    loop: { kind: "open", arrivals: { kind: "constant", rate } },
  });
  const result = await runLoad(plan, {
    second: ({ second }) => {
      if (second === stallAtSecond) void fetch(`${url}stall?ms=${stallMs}`);
    },
  });
  const corrected = LatencyHistogram.decode(result.total.corrected);
  const uncorrected = LatencyHistogram.decode(result.total.uncorrected);
  const rows = [50, 90, 95, 99, 99.9, 100].map((percentile) => {
    const expected = stallPercentileMs({ rate, durationMs, stallMs }, percentile);
    const found = corrected.percentileMs(percentile);
    return {
      percentile,
      expected,
      found,
      off: found / expected - 1,
      hidden: uncorrected.percentileMs(percentile),
    };
  });
  const environment = readEnvironment();
  process.stdout.write(
    `${rate} requests a second for ${durationMs / 1000} s, a stall of ${stallMs / 1000} s; Bun ${environment.bun}, ` +
      `${environment.cpu}, ${environment.cores} cores, ${environment.busyBefore.toFixed(1)} of them busy\n\n`,
  );
  const cells = rows.map(({ percentile, expected, found, off, hidden }) => [
    percentile === 100 ? "max" : `p${percentile}`,
    expected === 0 ? "no stall" : latency(expected),
    latency(found),
    expected === 0 ? "" : `${(off * 100).toFixed(2)} %`,
    latency(hidden),
  ]);
  process.stdout.write(
    `${columns([["", "arithmetic", "corrected", "off by", "uncorrected"], ...cells])}\n\n`,
  );
  const health = result.generators[0]!;
  process.stdout.write(
    `generator: ${health.late} of ${health.due} sends over 1 ms late, p99 ${latency(health.lateP99Ms)}\n`,
  );
  const judged = rows.filter(({ percentile }) => percentile >= 99);
  const held = judged.every(({ off }) => Math.abs(off) <= tolerance);
  process.stdout.write(`p99, p99.9 and max within ${tolerance * 100} %: ${held ? "yes" : "NO"}\n`);
  if (options.svg !== undefined) await Bun.write(options.svg, percentileSvgFile(result));
  if (!held) process.exitCode = 1;
} finally {
  await server.stop();
}
