/** Line charts as SVG text: no script, no library, readable in any browser and in print. */

export interface Series {
  readonly label: string;
  /** A class of the page's style sheet, which gives the colour. */
  readonly style: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Each point by itself, in any order, and no line between them. */
  readonly marks?: boolean;
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Chart {
  readonly title: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  readonly x: {
    readonly min: number;
    readonly max: number;
    readonly ticks: readonly Tick[];
    readonly label: string;
  };
  readonly yScale: "linear" | "log";
  readonly height?: number;
}

const width = 860;
const margin = { top: 34, right: 16, bottom: 44, left: 64 };

/** As a part of a page: where that is narrow it scrolls, so that its text can still be read. */
export function chartHtml(chart: Chart): string {
  return `<div class="wide">${chartSvg(chart)}</div>`;
}

export function chartSvg(chart: Chart): string {
  const height = chart.height ?? 300;
  const inner = { w: width - margin.left - margin.right, h: height - margin.top - margin.bottom };
  const values = chart.series.flatMap((series) => series.points.map(([, y]) => y)).filter(Number.isFinite);
  const y = chart.yScale === "log" ? logAxis(values) : linearAxis(values);
  const span = chart.x.max - chart.x.min || 1;
  const px = (value: number) => round(margin.left + ((value - chart.x.min) / span) * inner.w);
  const py = (value: number) => round(margin.top + (1 - y.place(value)) * inner.h);
  const bottom = margin.top + inner.h;
  const parts = [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(chart.title)}">`,
    `<text class="title" x="${margin.left}" y="18">${escapeHtml(`${chart.title} (${chart.yLabel})`)}</text>`,
    ...legend(chart.series),
    `<text class="axis" x="${margin.left + inner.w}" y="${height - 6}" text-anchor="end">${escapeHtml(chart.x.label)}</text>`,
  ];
  for (const tick of y.ticks) {
    parts.push(
      `<line class="grid" x1="${margin.left}" x2="${margin.left + inner.w}" y1="${py(tick.at)}" y2="${py(tick.at)}"/>`,
      `<text class="axis" x="${margin.left - 8}" y="${py(tick.at) + 4}" text-anchor="end">${tick.label}</text>`,
    );
  }
  for (const tick of chart.x.ticks) {
    parts.push(
      `<line class="grid" y1="${margin.top}" y2="${bottom}" x1="${px(tick.at)}" x2="${px(tick.at)}"/>`,
      `<text class="axis" x="${px(tick.at)}" y="${bottom + 16}" text-anchor="middle">${tick.label}</text>`,
    );
  }
  for (const series of chart.series) {
    const points = series.points.filter(([, value]) => Number.isFinite(value));
    if (points.length === 1 || series.marks === true) {
      for (const [x, value] of points) {
        parts.push(`<circle class="dot ${series.style}" cx="${px(x)}" cy="${py(value)}" r="4"/>`);
      }
    } else if (points.length > 1) {
      const path = points.map(([x, value], i) => `${i === 0 ? "M" : "L"}${px(x)} ${py(value)}`).join("");
      parts.push(`<path class="line ${series.style}" d="${path}"/>`);
    }
  }
  parts.push("</svg>");
  return parts.join("\n");
}

function legend(series: readonly Series[]): string[] {
  const parts: string[] = [];
  let right = width - margin.right;
  for (const { label, style } of series.toReversed()) {
    right -= label.length * 7;
    parts.push(
      `<text class="axis" x="${right}" y="18">${escapeHtml(label)}</text>`,
      `<line class="line ${style}" x1="${right - 22}" x2="${right - 6}" y1="14" y2="14"/>`,
    );
    right -= 36;
  }
  return parts;
}

interface Axis {
  readonly ticks: readonly Tick[];
  /** 0 at the bottom, 1 at the top. */
  readonly place: (value: number) => number;
}

/** Ticks at 1, 2 or 5 times a power of ten, four to ten of them, from 0. */
export function linearAxis(values: readonly number[]): Axis {
  const highest = Math.max(0, ...values) || 1;
  const step = niceStep(highest / 5);
  const top = Math.ceil(highest / step - 1e-9) * step;
  const ticks: Tick[] = [];
  for (let i = 0; i * step <= top + step / 2; i++) ticks.push({ at: i * step, label: short(i * step) });
  return { ticks, place: (value) => value / top };
}

/** A tick each power of ten, and the axis from the one below the lowest to the one above the highest. */
export function logAxis(values: readonly number[]): Axis {
  const above = values.filter((value) => value > 0);
  const low = above.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...above)) + 1e-9);
  const high = Math.max(low + 1, above.length === 0 ? 1 : Math.ceil(Math.log10(Math.max(...above)) - 1e-9));
  const ticks: Tick[] = [];
  for (let power = low; power <= high; power++) ticks.push({ at: 10 ** power, label: short(10 ** power) });
  return {
    ticks,
    place: (value) => (value <= 0 ? 0 : Math.max(0, (Math.log10(value) - low) / (high - low))),
  };
}

export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

const round = (value: number) => Math.round(value * 10) / 10;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
