import type { Heatmap } from "../../runtime/telemetry/query.ts";

/** The rows that have something in them, and one more on either side. */
export function rowsInUse(counts: Heatmap["counts"], rows: number): { first: number; end: number } {
  let first = rows;
  let end = 0;
  for (const column of counts) {
    column.forEach((count, row) => {
      if (count === 0) return;
      first = Math.min(first, row);
      end = Math.max(end, row + 1);
    });
  }
  if (first >= end) return { first: 0, end: 0 };
  return { first: Math.max(0, first - 1), end: Math.min(rows, end + 1) };
}
