/** y = scale · x^exponent. */
export interface PowerFit {
  readonly exponent: number;
  readonly scale: number;
  /** Share of the variance in log y that the line explains; 1 when there is none. */
  readonly rSquared: number;
}

/**
 * Least squares on the logarithms: a power law is a straight line there, and its slope is the exponent of growth (0 is
 * flat, 1 linear, 2 quadratic). Throws on fewer than two different sizes, or a value that has no logarithm.
 */
export function fitPower(points: readonly (readonly [x: number, y: number])[]): PowerFit {
  if (points.some(([x, y]) => !(x > 0 && y > 0)))
    throw new Error("fitPower: sizes and values must be above 0");
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [x, y] of logs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  if (!(xx > 0)) throw new Error("fitPower: needs two different sizes");
  const exponent = xy / xx;
  return {
    exponent,
    scale: Math.exp(meanY - exponent * meanX),
    rSquared: yy === 0 ? 1 : (xy * xy) / (xx * yy),
  };
}
