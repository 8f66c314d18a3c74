import type { LiveEdge, LiveGraph, LiveInstance, LiveStats } from "../runtime/telemetry/query.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { interrupted } from "./interrupt.ts";
import { bytes, type Column, paint, print, printJson, table } from "./output.ts";

const refreshMs = 1000;
/** What the figures are taken over. */
const windowMs = 10_000;

const path = `/api/telemetry/graph?windowMs=${windowMs}`;

/** Rates, errors and latencies of the last ten seconds, per instance and per edge. */
export async function metrics(options: RunOptions & { readonly json?: boolean }): Promise<undefined> {
  const client = await ControlClient.find(options);
  const graph = await client.get<LiveGraph>(path);
  if (options.json === true) printJson(graph);
  else print(render(graph));
  return undefined;
}

/** The same, again every second until Ctrl-C or q, on a screen of its own. */
export async function top(options: RunOptions & { readonly json?: boolean }): Promise<undefined> {
  const client = await ControlClient.find(options);
  const stop = AbortSignal.any([interrupted(), quitKey()]);
  const stopped = new Promise((done) => stop.addEventListener("abort", done, { once: true }));
  const screen = process.stdout.isTTY && options.json !== true;
  if (screen) process.stdout.write("\x1b[?1049h\x1b[?25l");
  try {
    while (!stop.aborted) {
      const graph = await client.get<LiveGraph>(path);
      if (options.json === true) printJson(graph);
      else if (screen) process.stdout.write(`\x1b[H\x1b[J${clip(render(graph))}`);
      else print(`${render(graph)}\n`);
      await Promise.race([Bun.sleep(refreshMs), stopped]);
    }
  } finally {
    if (screen) process.stdout.write("\x1b[?25h\x1b[?1049l");
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  }
  return undefined;
}

/** Ctrl-C, q and Q. */
const quitKeys: readonly number[] = [3, 113, 81];

/** Aborts when somebody presses q at a terminal; Ctrl-C comes as a key then, and counts too. */
function quitKey(): AbortSignal {
  const controller = new AbortController();
  if (!process.stdin.isTTY || !process.stdout.isTTY) return controller.signal;
  process.stdin.setRawMode(true);
  process.stdin.on("data", (keys: Buffer) => {
    if (keys.some((key) => quitKeys.includes(key))) controller.abort();
  });
  return controller.signal;
}

/** More lines than the terminal has would scroll the top away. */
function clip(text: string): string {
  const lines = text.split("\n");
  const room = (process.stdout.rows ?? 24) - 1;
  if (lines.length <= room) return text;
  const hidden = lines.length - room + 1;
  return [...lines.slice(0, room - 1), paint("dim", `… ${hidden} more; microcosm metrics has all`)].join(
    "\n",
  );
}

export function render(graph: LiveGraph): string {
  const time = new Date(graph.at).toISOString().slice(11, 19);
  const instances = graph.nodes.flatMap((node) => node.instances);
  const edges = graph.edges.toSorted((a, b) => b.ratePerSecond - a.ratePerSecond);
  return [
    paint("bold", `${time} UTC, last ${windowMs / 1000} s`),
    "",
    table(instances, instanceColumns),
    ...(edges.length === 0 ? [] : ["", table(edges, edgeColumns)]),
  ].join("\n");
}

const rate = (value: number) =>
  value === 0 ? "–" : value < 10 ? value.toFixed(1) : String(Math.round(value));
const latency = (value: number | null) =>
  value === null || value === 0 ? "–" : `${value.toFixed(value < 10 ? 2 : 0)} ms`;

function statColumns<Row extends LiveStats>(): readonly Column<Row>[] {
  return [
    { title: "RATE/S", value: (s) => rate(s.ratePerSecond), right: true },
    {
      title: "ERRORS/S",
      value: (s) => rate(s.errorsPerSecond),
      right: true,
      style: (s) => (s.errorsPerSecond > 0 ? "red" : undefined),
    },
    { title: "P50", value: (s) => latency(s.p50Ms), right: true, spare: 1 },
    { title: "P99", value: (s) => latency(s.p99Ms), right: true },
  ];
}

const instanceColumns: readonly Column<LiveInstance>[] = [
  { title: "INSTANCE", value: (i) => i.id },
  { title: "STATE", value: (i) => i.state, style: (i) => (i.state === "ready" ? "green" : "yellow") },
  ...statColumns<LiveInstance>(),
  { title: "PENDING", value: (i) => String(i.pending), right: true, spare: 2 },
  { title: "CPU", value: (i) => `${(i.cpu * 100).toFixed(0)} %`, right: true },
  { title: "MEMORY", value: (i) => bytes(i.rssBytes), right: true },
  { title: "LOOP DELAY", value: (i) => latency(i.loopDelayMs), right: true, spare: 3 },
];

const edgeColumns: readonly Column<LiveEdge>[] = [
  { title: "FROM", value: (e) => e.from },
  { title: "TO", value: (e) => e.to },
  { title: "KIND", value: (e) => e.topic ?? e.kind },
  ...statColumns<LiveEdge>(),
];
