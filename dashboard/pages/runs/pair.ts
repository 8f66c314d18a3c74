import type { RunFacts } from "../../../runtime/control/runs/model.ts";

export interface Pair {
  readonly a: RunFacts;
  readonly b: RunFacts;
}

/** What the address asks for; of what it leaves open, the run that began earlier is A. Undefined with fewer than two. */
export function pairOf(runs: readonly RunFacts[], query: URLSearchParams): Pair | undefined {
  const named = (key: string) => runs.find(({ id }) => id === query.get(key));
  const others = (taken: RunFacts | undefined) => runs.filter((run) => run !== taken);
  let a = named("a");
  let b = named("b");
  if (b === undefined && a === undefined) b = runs[1];
  if (a === undefined) a = others(b)[0];
  if (b === undefined) b = others(a)[0];
  if (a === undefined || b === undefined || a === b) return undefined;
  const isChosen = query.has("a");
  return !isChosen && a.startedAt > b.startedAt ? { a: b, b: a } : { a, b };
}

/** `0:42 – 1:20`, in milliseconds after the start; undefined for all of both runs. */
export function stretchOf(query: URLSearchParams): { fromMs: number; toMs: number } | undefined {
  const fromMs = Number(query.get("from") ?? Number.NaN);
  const toMs = Number(query.get("to") ?? Number.NaN);
  return fromMs >= 0 && toMs > fromMs ? { fromMs, toMs } : undefined;
}
