import { escapeHtml } from "../report/svg.ts";
import type { ComparedRow } from "./comparison.ts";

const width = 860;
const labelWidth = 250;
const rightMargin = 20;
const lineHeight = 26;
const top = 30;
const ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

/**
 * A dot and its interval for each ratio, around the line at 1: whose interval touches the line has no verdict. Green is
 * better than the first contender, red worse. No script, and readable in print.
 */
export function ratioChart(rows: readonly ComparedRow[], contenders: readonly string[]): string {
  const lines = rows.flatMap((row) =>
    row.cells.flatMap((cell) =>
      row.by === "difference" || cell.against === undefined || Number.isNaN(cell.against.mean)
        ? []
        : [{ label: contenders.length > 2 ? `${row.label}, ${cell.contender}` : row.label, ...cell.against }],
    ),
  );
  if (lines.length === 0) return "";
  const ends = lines.flatMap(({ mean, low, high }) => [mean, low, high]).filter((value) => value > 0);
  const from = ticks.findLast((tick) => tick <= Math.min(0.5, ...ends)) ?? ticks[0]!;
  const to = ticks.find((tick) => tick >= Math.max(2, ...ends)) ?? ticks.at(-1)!;
  const height = top + lines.length * lineHeight + 34;
  const inner = width - labelWidth - rightMargin;
  const px = (value: number) => {
    const share = Math.log(value / from) / Math.log(to / from);
    return Math.round((labelWidth + Math.min(1, Math.max(0, share)) * inner) * 10) / 10;
  };
  const bottom = top + lines.length * lineHeight;
  const parts = [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Ratios against ${escapeHtml(contenders[0]!)}">`,
  ];
  parts.push(
    `<text class="title" x="0" y="16">${escapeHtml(contenders.length > 2 ? "Each" : contenders[1]!)} against ${escapeHtml(contenders[0]!)}, with the 95 % interval</text>`,
  );
  for (const tick of ticks.filter((tick) => tick >= from && tick <= to)) {
    parts.push(
      `<line class="${tick === 1 ? "axis-one" : "grid"}" x1="${px(tick)}" x2="${px(tick)}" y1="${top}" y2="${bottom}"/>`,
      `<text class="axis" x="${px(tick)}" y="${bottom + 18}" text-anchor="middle">${tick} ×</text>`,
    );
  }
  for (const [i, { label, mean, low, high, verdict }] of lines.entries()) {
    const y = top + i * lineHeight + lineHeight / 2;
    const style = { better: "good", worse: "d", same: "c" }[verdict];
    parts.push(
      `<text class="axis" x="${labelWidth - 14}" y="${y + 4}" text-anchor="end">${escapeHtml(label)}</text>`,
    );
    if (low > 0)
      parts.push(`<line class="line ${style}" x1="${px(low)}" x2="${px(high)}" y1="${y}" y2="${y}"/>`);
    parts.push(`<circle class="dot ${style}" cx="${px(mean)}" cy="${y}" r="5"/>`);
  }
  parts.push("</svg>");
  return parts.join("\n");
}
