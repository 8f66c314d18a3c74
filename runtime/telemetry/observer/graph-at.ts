import type { MetricPoint } from "../model.ts";
import type { LiveGraph } from "../query.ts";
import { Cell } from "./cell.ts";
import { gaugeMs, graphMetrics, LiveWindow } from "./live-window.ts";
import type { MetricTable } from "./metric-table.ts";
import type { SeriesEntry } from "./series-index.ts";

const defaultWindowMs = 5000;
/** The live graph looks back no further either. */
const maxWindowMs = 60_000;

/**
 * The graph as it was at a moment, made of the stored buckets by the code that makes the live one. Where the moment is so
 * old that only coarser buckets are left, it is that of the bucket around it.
 */
export function graphAt(table: MetricTable, at: number, now: number, windowMs = defaultWindowMs): LiveGraph {
  const asked = Math.min(Math.max(windowMs, 1000), maxWindowMs);
  const tier = table.tierFor({ from: at - asked, to: at, stepMs: 1000, now }, 1);
  const stepMs = table.stepOf(tier);
  const to = Math.floor(at / stepMs) * stepMs + (stepMs > 1000 ? stepMs : 0);
  const spanMs = Math.max(stepMs, Math.ceil(asked / stepMs) * stepMs);
  const window = new LiveWindow();
  for (const { name, isGauge } of graphMetrics) {
    const from = to - (isGauge ? Math.max(gaugeMs, stepMs) : spanMs);
    for (const series of table.matching(name, {})) {
      const cells: Cell[] = [];
      table.cells(series, tier, { from, to, stepMs, now }, (found) => {
        const cell = new Cell(found.start);
        found.addTo(cell);
        if (cell.count > 0 && cell.start >= from) cells.push(cell);
      });
      // The newest gauge holds. A bucket stands for the time after its start, so it counts as later than that.
      for (const cell of cells.sort((a, b) => a.start - b.start)) {
        window.add(pointOf(series, cell), cell.start + 1);
      }
    }
  }
  return { ...window.graph(to, spanMs), at };
}

function pointOf({ name, kind, unit, labels }: SeriesEntry, cell: Cell): MetricPoint {
  const head = { name, kind, unit, labels };
  return cell.histogram === undefined
    ? { ...head, value: cell.sum / cell.count }
    : { ...head, histogram: cell.histogram.toData() };
}
