import type { Topology } from "../runtime/topology/model.ts";
import { ControlClient, type RunOptions } from "../runtime/control/client.ts";
import { openTopology } from "./open-topology.ts";
import { print, printJson } from "./output.ts";

export interface GraphOptions extends RunOptions {
  readonly dot?: boolean;
  readonly mermaid?: boolean;
  readonly file?: string;
  readonly json?: boolean;
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Who may call whom, as a diagram's source. Of a file, or of the run. */
export async function graph(options: GraphOptions): Promise<number> {
  const topology = await topologyOf(options);
  if (topology === undefined) return 1;
  const edges = edgesOf(topology);
  const names = ["gateway", ...Object.keys(topology.services)];
  if (options.json === true) for (const edge of edges) printJson(edge);
  else print(options.dot === true ? dot(topology.name, names, edges) : mermaid(names, edges));
  return 0;
}

async function topologyOf(options: GraphOptions): Promise<Topology | undefined> {
  if (options.file === undefined)
    return await (await ControlClient.find(options)).get<Topology>("/api/topology");
  return (await openTopology(options.file, { data: options.data, json: options.json === true }))?.topology;
}

export function edgesOf(topology: Topology): Edge[] {
  return [
    ...topology.gateway.uses.map(({ service }) => ({ from: "gateway", to: service })),
    ...Object.values(topology.services).flatMap((caller) =>
      caller.uses.map(({ service }) => ({ from: caller.name, to: service })),
    ),
  ];
}

/** Mermaid reserves some words as node names (end, graph), so nodes are numbered. */
export function mermaid(names: readonly string[], edges: readonly Edge[]): string {
  const node = (name: string) => `n${names.indexOf(name)}`;
  return [
    "flowchart LR",
    ...names.map((name) => `  ${node(name)}["${name}"]`),
    ...edges.map(({ from, to }) => `  ${node(from)} --> ${node(to)}`),
  ].join("\n");
}

export function dot(title: string, names: readonly string[], edges: readonly Edge[]): string {
  return [
    `digraph ${JSON.stringify(title)} {`,
    "  rankdir=LR;",
    "  node [shape=box, style=rounded];",
    ...names.map((name) => `  ${JSON.stringify(name)};`),
    ...edges.map(({ from, to }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    "}",
  ].join("\n");
}
