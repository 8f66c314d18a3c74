import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Heatmap } from "../../runtime/telemetry/query.ts";
import { formatCount, formatMs, formatWhen } from "../pages/format.ts";
import { colourOf, dark } from "../theme.ts";
import { rowsInUse } from "./rows-in-use.ts";

const height = 200;
const axis = { left: 62, bottom: 22, right: 8, top: 6 } as const;

export interface HeatmapChartProps {
  readonly data: Heatmap;
  readonly label: string;
  /** What took so long: `requests`. */
  readonly counted: string;
}

/** Latency over time: the more took about so long, the stronger the colour, on a logarithmic scale. */
export function HeatmapChart({ data, label, counted }: HeatmapChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [told, setTold] = useState<string | undefined>();
  const isDark = dark.value;
  const { first, end } = rowsInUse(data.counts, data.bounds.length);

  useLayoutEffect(() => {
    const look = () => setWidth(box.current!.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (width > 0) draw(canvas.current!, width, data, { first, end });
  }, [data, width, first, end, isDark]);

  const pointed = (event: PointerEvent) => {
    const column = Math.floor(((event.offsetX - axis.left) / innerWidthOf(width)) * data.counts.length);
    const share = (event.offsetY - axis.top) / (height - axis.top - axis.bottom);
    const row = end - 1 - Math.floor(share * (end - first));
    const count = data.counts[column]?.[row];
    const upper = data.bounds[row];
    if (count === undefined || upper === undefined || row < first) return setTold(undefined);
    const lower = row === 0 ? 0 : (data.bounds[row - 1] ?? 0);
    const time = formatWhen(data.from + column * data.stepMs, Date.now());
    setTold(`${time}: ${formatCount(count)} between ${formatMs(lower)} and ${formatMs(upper)}`);
  };

  return (
    <div ref={box} class="heatmap">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width: "100%", height: `${height}px` }}
        onPointerMove={pointed}
        onPointerLeave={() => setTold(undefined)}
      />
      <p class="heatmap-told">{told ?? `Point at a field to see how many ${counted} it stands for.`}</p>
    </div>
  );
}

function innerWidthOf(width: number): number {
  return Math.max(1, width - axis.left - axis.right);
}

function draw(
  canvas: HTMLCanvasElement,
  width: number,
  data: Heatmap,
  rows: { first: number; end: number },
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const { counts, bounds, from, stepMs } = data;
  const count = rows.end - rows.first;
  const innerHeight = height - axis.top - axis.bottom;
  const innerWidth = innerWidthOf(width);
  const cell = { width: innerWidth / Math.max(1, counts.length), height: innerHeight / Math.max(1, count) };
  const most = counts.reduce((top, column) => Math.max(top, ...column), 1);
  context.fillStyle = colourOf("--chart-1");
  counts.forEach((column, place) => {
    for (let row = rows.first; row < rows.end; row++) {
      const value = column[row] ?? 0;
      if (value === 0) continue;
      context.globalAlpha = 0.12 + 0.88 * (Math.log1p(value) / Math.log1p(most));
      const y = axis.top + (rows.end - 1 - row) * cell.height;
      context.fillRect(
        axis.left + place * cell.width,
        y,
        Math.ceil(cell.width),
        Math.max(1, cell.height - 0.5),
      );
    }
  });
  context.globalAlpha = 1;
  context.fillStyle = colourOf("--text-3");
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil(16 / cell.height));
  for (let row = rows.first; row < rows.end; row += every) {
    const y = axis.top + (rows.end - 1 - row) * cell.height;
    context.fillText(formatMs(bounds[row] ?? 0), axis.left - 8, Math.max(axis.top + 5, y));
  }
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const labels = Math.max(1, Math.floor(innerWidth / 110));
  for (let place = 0; place <= labels; place++) {
    const x = axis.left + (innerWidth * place) / labels;
    const time = formatWhen(from + (counts.length * stepMs * place) / labels, from + counts.length * stepMs);
    context.textAlign = place === labels ? "right" : "center";
    context.fillText(time, x, height - 6);
  }
}
