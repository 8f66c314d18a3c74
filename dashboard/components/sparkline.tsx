export interface SparklineProps {
  /** Oldest first; null where nothing is known. */
  readonly values: readonly (number | null)[];
  /** For who does not see it: `12 requests a second, rising`. */
  readonly label: string;
  readonly tone?: "bad" | undefined;
  /** Of the axis; by default the largest value. */
  readonly max?: number | undefined;
}

const width = 100;
const height = 30;

/** A small line from zero, without axes. */
export function Sparkline({ values, label, tone, max }: SparklineProps) {
  const top = max ?? values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const x = (index: number) => (values.length < 2 ? 0 : (index / (values.length - 1)) * width);
  const y = (value: number) =>
    top <= 0 ? height - 1 : height - 1 - (Math.min(value, top) / top) * (height - 2);
  let line = "";
  let area = "";
  let from: number | undefined;
  values.forEach((value, index) => {
    if (value === null) {
      if (from !== undefined) area += `L${x(index - 1)} ${height}L${x(from)} ${height}Z`;
      from = undefined;
      return;
    }
    const step = `${from === undefined ? "M" : "L"}${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
    from ??= index;
    line += step;
    area += step;
  });
  if (from !== undefined) area += `L${x(values.length - 1)} ${height}L${x(from)} ${height}Z`;
  return (
    <svg
      class={`sparkline ${tone ?? ""}`}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path class="area" d={area} />
      <path d={line} />
    </svg>
  );
}
