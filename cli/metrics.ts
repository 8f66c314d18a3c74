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

/** The same, again every second until Ctrl-C, on a screen of its own. */
export async function top(options: RunOptions): Promise<undefined> {
  const client = await ControlClient.find(options);
  const stop = interrupted();
  const screen = process.stdout.isTTY;
  if (screen) process.stdout.write("\x1b[?1049h\x1b[?25l");
  try {
    while (!stop.aborted) {
      const text = render(await client.get<LiveGraph>(path));
      process.stdout.write(screen ? `\x1b[H\x1b[J${clip(text)}` : `${text}\n\n`);
      await Promise.race([Bun.sleep(refreshMs), new Promise((done) => stop.addEventListener("abort", done))]);
    }
  } finally {
    if (screen) process.stdout.write("\x1b[?25h\x1b[?1049l");
  }
  return undefined;
}

/** More lines than the terminal has would scroll the top away. */
function clip(text: string): string {
  return text
    .split("\n")
    .slice(0, (process.stdout.rows ?? 24) - 1)
    .join("\n");
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
const latency = (value: number) => (value === 0 ? "–" : `${value.toFixed(value < 10 ? 2 : 0)} ms`);

function statColumns<Row extends LiveStats>(): readonly Column<Row>[] {
  return [
    { title: "RATE/S", value: (s) => rate(s.ratePerSecond), right: true },
    {
      title: "ERRORS/S",
      value: (s) => rate(s.errorsPerSecond),
      right: true,
      style: (s) => (s.errorsPerSecond > 0 ? "red" : undefined),
    },
    { title: "P50", value: (s) => latency(s.p50Ms), right: true },
    { title: "P99", value: (s) => latency(s.p99Ms), right: true },
  ];
}

const instanceColumns: readonly Column<LiveInstance>[] = [
  { title: "INSTANCE", value: (i) => i.id },
  { title: "STATE", value: (i) => i.state, style: (i) => (i.state === "ready" ? "green" : "yellow") },
  ...statColumns<LiveInstance>(),
  { title: "PENDING", value: (i) => String(i.pending), right: true },
  { title: "CPU", value: (i) => `${(i.cpu * 100).toFixed(0)} %`, right: true },
  { title: "MEMORY", value: (i) => bytes(i.rssBytes), right: true },
  { title: "LOOP DELAY", value: (i) => latency(i.loopDelayMs), right: true },
];

const edgeColumns: readonly Column<LiveEdge>[] = [
  { title: "FROM", value: (e) => e.from },
  { title: "TO", value: (e) => e.to },
  { title: "KIND", value: (e) => e.topic ?? e.kind },
  ...statColumns<LiveEdge>(),
];
