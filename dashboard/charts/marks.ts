import type uPlot from "uplot";
import type { TimelineEntry } from "../../runtime/telemetry/query.ts";
import { colourOf } from "../theme.ts";
import { weightOf } from "./weight.ts";

/** Marks closer than this would be one blot. */
const minGapPx = 3;

/** A vertical line for each thing that was done to the system, and for each fall. */
export function marksPlugin(marks: () => readonly TimelineEntry[]): uPlot.Plugin {
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
          let last = Number.NEGATIVE_INFINITY;
          for (const entry of [...marks()].sort((a, b) => a.at - b.at)) {
            const weight = weightOf(entry);
            const at = entry.at / 1000;
            if (weight === "change" || at < (min ?? 0) || at > (max ?? 0)) continue;
            const x = Math.round(plot.valToPos(at, "x", true)) + 0.5;
            if (x - last < minGapPx * devicePixelRatio) continue;
            last = x;
            ctx.strokeStyle = ctx.fillStyle = colours[weight];
            ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
            const size = 4 * devicePixelRatio;
            ctx.beginPath();
            ctx.moveTo(x - size, bbox.top);
            ctx.lineTo(x + size, bbox.top);
            ctx.lineTo(x, bbox.top + size * 1.4);
            ctx.fill();
          }
          ctx.restore();
        },
      ],
    },
  };
}
