/**
 * What bad input costs those who have nothing to do with it: `bun tests/soak/bad-input.ts [seconds a turn] [rounds]`. Requests
 * come at a fixed rate; each kind of bad input pours in during every other turn, and latencies are told as the mean of the
 * ratios of pouring to quiet within the pairs, with its 95 % interval. Pouring itself takes the machine's cores too.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../runtime/clock.ts";
import { pairedRatio } from "../../bench/paired/interval.ts";
import { intervalText } from "../../bench/paired/words.ts";
import { badInputs, deafBrowsers, pouring, startBadInputRun } from "../kit/bad-input.ts";
import type { Run } from "../kit/run.ts";

const [seconds = 4, rounds = 4] = process.argv.slice(2).map(Number);
const everyMs = 5;

interface Turn {
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

async function turn(run: Run): Promise<Turn> {
  const taken: number[] = [];
  const under: Promise<void>[] = [];
  let failed = 0;
  const began = performance.now();
  for (let due = began; due < began + seconds * 1000; due += everyMs) {
    await Bun.sleep(Math.max(0, due - performance.now()));
    under.push(
      fetch(`${run.gateway}/good/ok`)
        .then(async (answer) => {
          await answer.arrayBuffer();
          if (answer.status !== 200) failed++;
          // From when it was due: a wait that held the sender up counts too.
          taken.push(performance.now() - due);
        })
        .catch(() => void failed++),
    );
  }
  await Promise.all(under);
  taken.sort((a, b) => a - b);
  const at = (share: number) =>
    taken[Math.min(taken.length - 1, Math.floor(share * taken.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), failed };
}

const folder = mkdtempSync(join(tmpdir(), "mc-pours-"));
const run = await startBadInputRun(folder);
const kinds: Record<string, () => Promise<() => unknown>> = {
  ...Object.fromEntries(
    Object.entries(badInputs).map(([kind, input]) => [kind, async () => pouring(run, input)]),
  ),
  "50 browsers that never read": () => deafBrowsers(run, 50),
};
let anyFailed = 0;
try {
  await turn(run);
  for (const [kind, begin] of Object.entries(kinds)) {
    const [quiet, poured]: [Turn[], Turn[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const isQuiet of round % 2 === 0 ? [true, false] : [false, true]) {
        const stop = isQuiet ? () => {} : await begin();
        (isQuiet ? quiet : poured).push(await turn(run));
        await stop();
      }
    }
    const ratio = (of: (one: Turn) => number) =>
      intervalText(
        pairedRatio(
          quiet.map((one, place) => [of(one), of(poured[place]!)]),
          seededRandom(1),
        ),
      );
    const failed = [...quiet, ...poured].reduce((sum, one) => sum + one.failed, 0);
    anyFailed += failed;
    process.stdout.write(
      `${kind.padEnd(28)} p50 ${ratio(({ p50 }) => p50)}   p99 ${ratio(({ p99 }) => p99)}   ${failed} failed\n`,
    );
  }
} finally {
  await run.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = anyFailed === 0 ? 0 : 1;
