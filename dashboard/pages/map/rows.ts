/** From caller to callee. */
export type Call = readonly [from: string, to: string];

/**
 * Rows of at most `most` names with callers above those they call: the layering of Coffman and Graham (Optimal Scheduling
 * for Two-Processor Systems, 1972), which bounds the width of a drawing. A ring of calls is cut where it closes.
 */
export function rowsOf(names: readonly string[], calls: readonly Call[], most: number): Map<string, number> {
  const order = callersFirst(names, calls);
  const place = new Map(order.map((name, at) => [name, at]));
  const forward = calls.filter(([from, to]) => place.get(from)! < place.get(to)!);
  const callers = Map.groupBy(forward, ([, to]) => to);
  const depth = new Map<string, number>();
  const below = (rows: ReadonlyMap<string, number>, name: string) =>
    Math.max(-1, ...(callers.get(name) ?? []).map(([from]) => rows.get(from)!)) + 1;
  for (const name of order) depth.set(name, below(depth, name));
  const rows = new Map<string, number>();
  const filled: number[] = [];
  for (const name of order.toSorted((a, b) => depth.get(a)! - depth.get(b)!)) {
    let row = below(rows, name);
    while ((filled[row] ?? 0) >= most) row++;
    filled[row] = (filled[row] ?? 0) + 1;
    rows.set(name, row);
  }
  return rows;
}

/** Depth first, and then backwards: everybody after all who call it, but for one call of each ring. */
function callersFirst(names: readonly string[], calls: readonly Call[]): string[] {
  const called = new Set(calls.map(([, to]) => to));
  const callees = Map.groupBy(calls, ([from]) => from);
  const seen = new Set<string>();
  const done: string[] = [];
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [, to] of callees.get(name) ?? []) visit(to);
    done.push(name);
  };
  for (const name of names) if (!called.has(name)) visit(name);
  for (const name of names) visit(name);
  return done.reverse();
}

/** The rows that a call passes on its way, from above. */
export function waysThrough(rows: ReadonlyMap<string, number>, [from, to]: Call): number[] {
  const [a, b] = [rows.get(from)!, rows.get(to)!];
  const first = Math.min(a, b) + 1;
  return Array.from({ length: Math.max(0, Math.abs(a - b) - 1) }, (_, i) => first + i);
}
