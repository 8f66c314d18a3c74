/**
 * How long the observer is held up by one piece of work while more lines come than its file may hold:
 * `bun bench/telemetry/retention.ts [seconds] [lines a second] [MiB]`. Told by the clock, and in CPU of the thread, which
 * others who want the cores do not change by much.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogRecord } from "../../runtime/telemetry/model.ts";
import { Observer } from "../../runtime/telemetry/observer/observer.ts";
import { queries } from "../../runtime/telemetry/observer/queries.ts";

const [seconds = 20, perSecond = 40_000, mebibytes = 8] = process.argv.slice(2).map(Number);
/** As often as eight workers send that much. */
const batchMs = 25;
const lookMs = 5;
const askEachLooks = 20;

const words = Array.from({ length: 2000 }, (_, n) => Bun.hash(String(n)).toString(36).slice(0, 7));
const word = () => words[Math.floor(Math.random() * words.length)]!;

function line(): LogRecord {
  const message = `order ${Math.floor(Math.random() * 1e9)} of ${word()} ${word()} was ${word()}`;
  const source = { service: "orders", instance: "orders-1" };
  return {
    at: Date.now(),
    level: "info",
    message,
    ...source,
    fields: { amount: Math.floor(Math.random() * 1000) },
  };
}

const folder = mkdtempSync(join(tmpdir(), "mc-retention-"));
const observer = new Observer({
  file: join(folder, "observer.sqlite"),
  retentionBytes: mebibytes * 1024 * 1024,
});
observer.start();
const holds: number[] = [];
const cpuHolds: number[] = [];
const lists: number[] = [];
let sent = 0;
const began = performance.now();
let [looked, lookedCpu, looks, due] = [began, cpuMs(), 0, began];
try {
  while (performance.now() - began < seconds * 1000) {
    await Bun.sleep(lookMs);
    const now = performance.now();
    holds.push(now - looked - lookMs);
    cpuHolds.push(cpuMs() - lookedCpu);
    if (++looks % askEachLooks === 0) {
      const asked = performance.now();
      queries.logs!(observer, { text: word() });
      lists.push(performance.now() - asked);
    }
    if (performance.now() >= due) {
      due += batchMs;
      const count = Math.round((perSecond * batchMs) / 1000);
      sent += count;
      observer.intake.logs(Array.from({ length: count }, line), { service: "orders", instance: "orders-1" });
    }
    looked = performance.now();
    lookedCpu = cpuMs();
  }
  const { dropped, logsStored, bytes } = observer.stats();
  process.stdout.write(
    `${sent} lines in ${seconds} s into ${mebibytes} MiB: ${logsStored} kept in ${(bytes / 1024 / 1024).toFixed(1)} MiB, ${JSON.stringify(dropped)}
held up: p50 ${at(holds, 0.5)}, p99 ${at(holds, 0.99)}, p99.9 ${at(holds, 0.999)}, longest ${at(holds, 1)} ms; over 100 ms ${holds.filter((ms) => ms > 100).length} times
of that CPU: p50 ${at(cpuHolds, 0.5)}, p99 ${at(cpuHolds, 0.99)}, p99.9 ${at(cpuHolds, 0.999)}, longest ${at(cpuHolds, 1)} ms; over 100 ms ${cpuHolds.filter((ms) => ms > 100).length} times
a list: p50 ${at(lists, 0.5)}, p99 ${at(lists, 0.99)}, longest ${at(lists, 1)} ms\n`,
  );
} finally {
  observer.stop();
  rmSync(folder, { recursive: true, force: true });
}

function at(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
