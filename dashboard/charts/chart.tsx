import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { dayOf, formatSince, formatWhen } from "../pages/format.ts";
import { colourOf, dark } from "../theme.ts";
import { type Mark, marksPlugin } from "./marks.ts";
import "./charts.css";

export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** A token; by default the palette's next. */
  readonly colour?: `--${string}`;
  readonly area?: boolean;
}

export interface ChartProps {
  /** For who does not see it. */
  readonly label: string;
  readonly from: number;
  readonly stepMs: number;
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  readonly height?: number;
  /** `since`: the axis counts from a beginning, and `from` and marks do so too. */
  readonly axis?: "clock" | "since";
  readonly marks?: readonly Mark[];
  /** Charts with the same word show the same moment under the pointer. */
  readonly sync?: string;
  /** Dragged over; milliseconds since the epoch. */
  readonly onRange?: (from: number, to: number) => void;
}

/** More could not be told apart. */
export const maxLines = 8;
const palette = [1, 2, 3, 4, 5, 6, 7, 8].map((place) => `--chart-${place}` as const);
const axisFont = "11px system-ui, sans-serif";

/** Seconds between the numbers of an axis that counts from a beginning. */
const wholeSteps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 21_600];

/** Lines over time, by uPlot. The chart is made anew when its lines or the theme change, not when their values do. */
export function Chart(props: ChartProps) {
  const { label, from, stepMs, marks, height = 160 } = props;
  const lines = props.lines.slice(0, maxLines);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const isDark = dark.value;
  const shape = JSON.stringify([lines.map(({ label, colour, area }) => [label, colour, area]), height]);

  useLayoutEffect(() => {
    const element = box.current!;
    const made = new uPlot(
      optionsOf(latest, lines, element.clientWidth, height),
      dataOf(lines, from, stepMs),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, isDark]);

  useEffect(() => {
    plot.current?.setData(dataOf(lines, from, stepMs));
  }, [props.lines, from, stepMs, marks]);

  return <div ref={box} class="chart" role="img" aria-label={label} />;
}

function dataOf(lines: readonly ChartLine[], from: number, stepMs: number): uPlot.AlignedData {
  const length = Math.max(0, ...lines.map(({ values }) => values.length));
  const xs = Array.from({ length }, (_, step) => (from + step * stepMs) / 1000);
  return [xs, ...lines.map(({ values }) => [...values])];
}

function optionsOf(
  latest: { readonly current: ChartProps },
  lines: readonly ChartLine[],
  width: number,
  height: number,
): uPlot.Options {
  const { sync, onRange, axis: reading = "clock" } = latest.current;
  const tell = reading === "clock" ? clock : (at: number) => formatSince(at * 1000);
  const point = (at: number) => (reading === "clock" ? formatWhen(at * 1000, Date.now()) : tell(at, 1));
  const text = colourOf("--text-3");
  const line = colourOf("--line");
  const format = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : latest.current.format(value);
  const axis: uPlot.Axis = {
    stroke: text,
    font: axisFont,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  };
  return {
    width,
    height,
    padding: [8, 26, 0, 0],
    scales: {
      x: {
        time: reading === "clock",
        range: (_, min, max) => [min, Math.max(max, newestMark(latest.current))],
      },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    cursor: {
      drag: { x: onRange !== undefined, y: false, setScale: false },
      points: { size: 6 },
      ...(sync === undefined ? {} : { sync: { key: sync } }),
    },
    legend: { live: true },
    axes: [
      {
        ...axis,
        size: 26,
        space: 70,
        ...(reading === "since" ? { incrs: wholeSteps } : {}),
        values: (_, splits, __, ___, step) => splits.map((at) => tell(at, step)),
      },
      { ...axis, size: 62, space: 34, values: (_, splits) => splits.map(format) },
    ],
    series: [
      { label: "at", value: (_, at) => (at === null ? "" : point(at)) },
      ...lines.map(({ label, colour, area }, place): uPlot.Series => {
        const stroke = colourOf(colour ?? palette[place % palette.length]!);
        return {
          label,
          stroke,
          width: 1.75,
          spanGaps: false,
          points: { show: true, size: 4, fill: stroke, filter: (self, index) => lonely(self.data[index]) },
          // Under no pointer: the newest.
          value: (self, value, series, at) => format(at === null ? newest(self.data[series]) : value),
          ...(area === true ? { fill: stroke.replace("rgb(", "rgba(").replace(")", ", 0.12)") } : {}),
        };
      }),
    ],
    hooks: {
      setSelect: [
        (self) => {
          const { left, width: selected } = self.select;
          if (selected < 4) return;
          const start = self.posToVal(left, "x") * 1000;
          const end = self.posToVal(left + selected, "x") * 1000;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onRange?.(start, end);
        },
      ],
    },
    plugins: [marksPlugin(() => latest.current.marks ?? [])],
  };
}

/** Values without a neighbour, which no line shows. */
function lonely(values: ArrayLike<number | null | undefined> | undefined): number[] {
  const found: number[] = [];
  for (let at = 0; at < (values?.length ?? 0); at++) {
    if (values?.[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

/** Seconds. A mark may be younger than the last full step: the axis goes on to it. */
function newestMark({ marks = [], from, stepMs, lines }: ChartProps): number {
  const end = from + (lines[0]?.values.length ?? 0) * stepMs;
  return Math.max(0, ...marks.filter(({ at }) => at < end + 2 * stepMs).map(({ at }) => at)) / 1000;
}

function newest(values: ArrayLike<number | null | undefined> | undefined): number | null | undefined {
  for (let at = (values?.length ?? 0) - 1; at >= 0; at--) if (values?.[at] != null) return values[at];
  return undefined;
}

/** Seconds only where the axis tells them apart; a day where it begins. */
function clock(atSeconds: number, stepSeconds: number): string {
  const time = new Date(atSeconds * 1000).toLocaleTimeString("en-GB");
  if (time === "00:00:00") return dayOf(atSeconds * 1000);
  return stepSeconds < 60 ? time : time.slice(0, 5);
}
