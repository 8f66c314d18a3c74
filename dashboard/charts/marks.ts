import type uPlot from "uplot";
import type { TimelineEntry } from "../../runtime/telemetry/query.ts";
import { colourOf } from "../theme.ts";
import { weightOf } from "./weight.ts";

/** Marks closer than this would be one blot. */
const minGapPx = 3;
/** More of them than this have pale lines: they would hide what they stand beside. */
const manyMarks = 12;
const paleLines = 0.35;
const dashPx = 3;
const letterPx = 10;

/** Of one of several runs in a chart: its letter and the colour of its lines tell whose mark it is. */
export interface Mark extends TimelineEntry {
  readonly run?: { readonly label: string; readonly colour: `--${string}`; readonly place: number };
}

/** A vertical line for each thing that was done to the system, and for each fall. */
export function marksPlugin(marks: () => readonly Mark[]): uPlot.Plugin {
  return {
    hooks: {
      drawAxes: [
        (plot) => {
          const { ctx, bbox } = plot;
          const { min = 0, max = 0 } = plot.scales.x ?? {};
          const colours = {
            action: colourOf("--accent"),
            fall: colourOf("--bad"),
            change: colourOf("--line-strong"),
          };
          ctx.save();
          ctx.lineWidth = devicePixelRatio;
          const px = devicePixelRatio;
          ctx.font = `600 ${letterPx * px}px system-ui, sans-serif`;
          ctx.textAlign = "left";
          ctx.textBaseline = "top";
          const last = new Map<string | undefined, number>();
          const shown = marks().filter(
            (entry) =>
              weightOf(entry) !== "change" && entry.at / 1000 >= (min ?? 0) && entry.at / 1000 <= (max ?? 0),
          );
          for (const entry of shown.sort((a, b) => a.at - b.at)) {
            const weight = weightOf(entry);
            const at = entry.at / 1000;
            const x = Math.round(plot.valToPos(at, "x", true)) + 0.5;
            const { run } = entry;
            if (x - (last.get(run?.label) ?? Number.NEGATIVE_INFINITY) < minGapPx * px) continue;
            last.set(run?.label, x);
            ctx.fillStyle = colours[weight];
            ctx.strokeStyle = run === undefined ? colours[weight] : colourOf(run.colour);
            ctx.setLineDash([dashPx * px, dashPx * px]);
            ctx.lineDashOffset = (run?.place ?? 0) * dashPx * px;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.globalAlpha = shown.length > manyMarks ? paleLines : 1;
            ctx.stroke();
            ctx.globalAlpha = 1;
            const size = 4 * px;
            ctx.beginPath();
            ctx.moveTo(x - size, bbox.top);
            ctx.lineTo(x + size, bbox.top);
            ctx.lineTo(x, bbox.top + size * 1.4);
            ctx.fill();
            if (run === undefined) continue;
            ctx.fillStyle = colourOf(run.colour);
            // One below the other: what was done to both at once are two marks in one place.
            ctx.fillText(run.label, x + size + px, bbox.top + run.place * letterPx * px);
          }
          ctx.restore();
        },
      ],
    },
  };
}
