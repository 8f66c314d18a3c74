import { escapeHtml } from "../report/svg.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The range, drawn as a line over the bar's end. */
  readonly min: number;
  readonly max: number;
  /** The value as it is written. */
  readonly text: string;
}

const width = 860;
const left = 250;
const right = 110;
const row = 28;
const top = 28;

/** Bars from 0, the first one in the colour of ours. */
export function barsSvg(title: string, bars: readonly Bar[]): string {
  const highest = Math.max(...bars.map(({ max }) => max)) || 1;
  const x = (value: number) => Math.round((left + (value / highest) * (width - left - right)) * 10) / 10;
  const parts = bars.flatMap(({ label, value, min, max, text }, index) => {
    const y = top + index * row;
    const middle = y + row / 2;
    return [
      `<text x="${left - 10}" y="${middle + 4}" text-anchor="end">${escapeHtml(label)}</text>`,
      `<rect class="dot ${index === 0 ? "a" : "c"}" x="${left}" y="${y + 5}" width="${x(value) - left}" height="${row - 10}"/>`,
      `<line class="range" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${x(max) + 8}" y="${middle + 4}">${escapeHtml(text)}</text>`,
    ];
  });
  const height = top + bars.length * row + 8;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">
<text class="title" x="0" y="16">${escapeHtml(title)}</text>
${parts.join("\n")}
</svg>`;
}
