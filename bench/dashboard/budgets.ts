/** What the dashboard must reach: see docs/dashboard.md. Each is judged by the median of its rounds. */
export const budgets = {
  firstPaint: { what: "first paint", most: 200, unit: "ms" },
  assets: { what: "scripts and styles, gzipped", most: 300, unit: "KB" },
  frames: { what: "frames of the map, p95", most: 20, unit: "ms" },
  largeTrace: { what: "a trace of 10,000 spans opens", most: 1000, unit: "ms" },
} as const;

export type Budget = keyof typeof budgets;
export type Measured = Readonly<Record<Budget, number>>;

/** A line for each budget that was missed; none when all held. */
export function missed(measured: Measured): string[] {
  return (Object.keys(budgets) as Budget[])
    .filter((name) => !(measured[name] <= budgets[name].most))
    .map((name) => {
      const { what, most, unit } = budgets[name];
      return `missed: ${what}: ${measured[name].toFixed(1)} ${unit}, budget ≤ ${most} ${unit}`;
    });
}
