import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComparedRow, ComparedSide } from "../runtime/comparison/compare.ts";
import { type ComparedRun, type Comparison, compareRuns } from "../runtime/comparison/comparison.ts";
import { changeText } from "../runtime/comparison/topology-diff.ts";
import { toCompare } from "../runtime/control/runs/comparable-run.ts";
import { recordedRun } from "../runtime/control/runs/recorded-run.ts";
import { Recording } from "../runtime/recording/recording.ts";
import { parseDuration } from "../runtime/topology/index.ts";
import { MicrocosmError } from "../sdk/errors.ts";
import { writeRecording } from "./export.ts";
import { interrupted } from "./interrupt.ts";
import { type Column, duration, paint, print, printJson, table } from "./output.ts";
import { precise } from "./traces.ts";

export interface CompareOptions {
  readonly from?: string;
  readonly for?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Rows with less change than this are left out unless asked for: times within a fifth of each other. */
const leastWeight = Math.log2(1.2);
/** Entries of one run's timeline that are listed. */
const maxEntries = 30;

/** Two runs, aligned by their starts. Each is an exported file, or the data directory of a run. */
export async function compare(a: string, b: string, options: CompareOptions): Promise<undefined> {
  const fromMs = options.from === undefined ? 0 : milliseconds(options.from, "--from");
  const lengthMs = options.for === undefined ? undefined : milliseconds(options.for, "--for");
  const stretch = { fromMs, toMs: lengthMs === undefined ? undefined : fromMs + lengthMs };
  const opened: Recording[] = [];
  try {
    for (const place of [a, b]) opened.push(await openRun(place));
    const [left, right] = opened.map((recording, i) => toCompare(recordedRun(String(i), recording)));
    const comparison = await compareRuns(left!, right!, stretch);
    if (options.json === true) printJson(comparison);
    else for (const line of report(comparison, options.all === true)) print(line);
  } finally {
    for (const recording of opened) recording.close();
  }
  return undefined;
}

async function openRun(place: string): Promise<Recording> {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return await Recording.open(place);
  const folder = mkdtempSync(join(tmpdir(), "microcosm-compare-"));
  try {
    const output = join(folder, "run.microcosm");
    await writeRecording({ data: place, output }, interrupted());
    return await Recording.open(output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function milliseconds(text: string, option: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new MicrocosmError(
    "bad-request",
    `${option} "${text}" is no duration: expected 250ms, 30s, 1m or 2h.`,
  );
}

export function report({ a, b, rows, topology }: Comparison, all: boolean): string[] {
  const shown = rows.filter(({ weight }) => all || weight >= leastWeight);
  const hidden = rows.length - shown.length;
  return [
    headline("A", a),
    headline("B", b),
    "",
    shown.length === 0
      ? "No time, rate or share of errors changed by more than a fifth."
      : table(shown, columns),
    ...(hidden > 0 ? [paint("dim", `${hidden} rows hardly changed: --all shows them`)] : []),
    ...(shown.some(({ thin }) => thin) ? [paint("dim", "~ fewer than 100 calls in one of the runs")] : []),
    "",
    paint("bold", "Topology"),
    ...(topology.length === 0 ? ["  the same"] : topology.map((change) => `  ${changeText(change)}`)),
    ...timelineOf("A", a),
    ...timelineOf("B", b),
  ];
}

function headline(letter: string, { name, startedAt, fromMs, toMs, durationMs }: ComparedRun): string {
  const whole = fromMs === 0 && toMs === durationMs;
  const part = whole ? "" : `, of it ${duration(fromMs)} to ${duration(toMs)}`;
  const start = new Date(startedAt).toISOString().slice(0, 19);
  return `${paint("bold", letter)}  ${name}, ${start}Z, ${duration(durationMs)}${part}`;
}

function timelineOf(letter: string, { timeline }: ComparedRun): string[] {
  const told = timeline.filter(({ kind }) => kind !== "state");
  if (told.length === 0) return [];
  const more = told.length > maxEntries ? [`  and ${told.length - maxEntries} more`] : [];
  return [
    "",
    paint("bold", `Done to ${letter}`),
    ...told.slice(0, maxEntries).map(({ at, text }) => `  ${`+${duration(at)}`.padStart(12)}  ${text}`),
    ...more,
  ];
}

const rate = (side: ComparedSide | undefined) =>
  side === undefined ? "–" : side.ratePerSecond.toFixed(side.ratePerSecond < 10 ? 2 : 0);
const errors = (side: ComparedSide | undefined) =>
  side === undefined ? "–" : side.errors === 0 ? "0" : `${(side.errorShare * 100).toFixed(1)} %`;
const times = (value: number | undefined) => (value === undefined ? "–" : `×${value.toFixed(2)}`);
/** A change that a person should look at: more than a fifth. */
const worse = (value: number | undefined) =>
  value === undefined || (value < 1.2 && value > 1 / 1.2) ? undefined : value > 1 ? "red" : "green";

const columns: readonly Column<ComparedRow>[] = [
  { title: "KIND", value: ({ kind }) => kind, spare: 1 },
  { title: "NAME", value: ({ name, thin }) => (thin ? `${name} ~` : name) },
  { title: "RATE/S A", value: ({ a }) => rate(a), right: true, spare: 6 },
  { title: "RATE/S B", value: ({ b }) => rate(b), right: true, spare: 5 },
  { title: "RATE ×", value: ({ ratios }) => times(ratios.rate), right: true },
  { title: "ERRORS A", value: ({ a }) => errors(a), right: true, spare: 4 },
  {
    title: "ERRORS B",
    value: ({ b }) => errors(b),
    right: true,
    style: ({ a, b }) => ((b?.errorShare ?? 0) > (a?.errorShare ?? 0) ? "red" : undefined),
  },
  { title: "P50 A", value: ({ a }) => known(a?.p50Ms), right: true, spare: 7 },
  { title: "P50 B", value: ({ b }) => known(b?.p50Ms), right: true, spare: 2 },
  {
    title: "P50 ×",
    value: ({ ratios }) => times(ratios.p50),
    right: true,
    style: ({ ratios }) => worse(ratios.p50),
  },
  { title: "P99 A", value: ({ a }) => known(a?.p99Ms), right: true, spare: 3 },
  { title: "P99 B", value: ({ b }) => known(b?.p99Ms), right: true },
  {
    title: "P99 ×",
    value: ({ ratios }) => times(ratios.p99),
    right: true,
    style: ({ ratios }) => worse(ratios.p99),
  },
];

/** A dash for what there was none of, or is not known. */
function known(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "–" : precise(ms);
}
