/** How figures of curves are written: by the unit at the end of their name. */
import { whole } from "../report/figures.ts";
import type { Verdict } from "./curve.ts";

const units: readonly (readonly [ending: string, unit: string])[] = [
  ["Ms", "ms"],
  ["Micros", "µs"],
  ["MiB", "MiB"],
  ["Percent", "%"],
];

/** `replayTimeMs` → `["replay time", "ms"]`. */
export function figureName(figure: string): [name: string, unit: string] {
  const [ending, unit] = units.find(([end]) => figure.endsWith(end)) ?? ["", ""];
  const words = figure.slice(0, figure.length - ending.length).replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ");
  return [
    words
      .toLowerCase()
      .replace(/\bcpu\b/, "CPU")
      .replace(/\bpss\b/, "memory (PSS)"),
    unit,
  ];
}

export function writeFigure(figure: string, value: number | undefined): string {
  if (value === undefined) return "–";
  const [, unit] = figureName(figure);
  return `${value >= 1000 ? whole(value) : Number(value.toPrecision(3))} ${unit}`.trim();
}

export function writeSize(x: number): string {
  if (x >= 1e6 && x % 1e5 === 0) return `${x / 1e6} M`;
  if (x >= 1e4 && x % 100 === 0) return `${x / 1e3} k`;
  return whole(x);
}

/** `x^0.02, × 1.1 over the curve: flat, as it should be`. */
export function writeVerdict({ fit, tail, growth, shape, held }: Verdict): string {
  const grown = `grows as x^${fit.exponent.toFixed(2)} (x^${tail.exponent.toFixed(2)} at the end), × ${Number(growth.toPrecision(2))} in all`;
  const should = shape === "flat" ? "flat" : "no worse than linear";
  return held ? `${should}: ${grown}` : `NOT ${should}: ${grown}`;
}
