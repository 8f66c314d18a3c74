import type { Command } from "commander";
import { bodies } from "./bodies.ts";
import { connections } from "./connections.ts";
import { type Curve, type CurvePoint, judge, type MeasuredCurve } from "./curve.ts";
import { figureName, writeFigure, writeSize } from "./figures.ts";
import { hops } from "./hops.ts";
import { instances } from "./instances.ts";
import { messages } from "./messages.ts";
import { orders } from "./orders.ts";
import { services } from "./services.ts";
import { prepareStart } from "../prepare.ts";
import { beginCurvesReport, writeCurvesReport } from "./report.ts";
import { curveText } from "./text.ts";

const curves: readonly Curve[] = [hops, instances, services, bodies, connections, orders, messages];

interface Options {
  readonly seconds: number;
  readonly sizes?: readonly number[];
  readonly out: string;
  readonly json?: boolean;
}

const above = (least: number) => (text: string) => {
  const value = Number(text);
  if (!(value >= least && Number.isFinite(value)))
    throw new Error(`"${text}" is not a number from ${least} on`);
  return value;
};

function sizeList(text: string): number[] {
  const sizes = text.split(",").map((part) => Math.round(above(1)(part)));
  if (sizes.some((size, i) => i > 0 && size <= sizes[i - 1]!))
    throw new Error(`"${text}": each size must be above the one before`);
  return sizes;
}

export function addCurvesCommand(program: Command): void {
  program
    .command("curves")
    .description(
      "How cost grows with hops, instances, services, body size, connections and history, and whether as it should.",
    )
    .argument("[names...]", `of ${curves.map(({ name }) => name).join(", ")}; default: all`)
    .option("--seconds <n>", "of one measurement", above(0.5), 2)
    .option("--sizes <list>", "sizes to measure instead of the curve's own; for one curve")
    .option("--out <directory>", "where the report goes", "bench/out")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench curves
  $ bun run bench curves hops bodies --seconds 5
  $ bun run bench curves messages --sizes 10000,100000

The exit code is 1 when a cost grows faster than it should. Linux only.`,
    )
    .action((names: readonly string[], options: Omit<Options, "sizes"> & { sizes?: string }) =>
      run(names, {
        ...options,
        ...(options.sizes === undefined ? {} : { sizes: sizeList(options.sizes) }),
      } as Options),
    );
}

async function run(names: readonly string[], options: Options): Promise<void> {
  if (process.platform !== "linux")
    throw new Error("curves reads CPU time and memory from /proc: Linux only");
  const wanted = names.length === 0 ? curves : names.map(curveNamed);
  if (options.sizes !== undefined && wanted.length !== 1)
    throw new Error("--sizes is for one curve; name it");
  const finish = beginCurvesReport();
  await prepareStart();
  const measured: MeasuredCurve[] = [];
  for (const curve of wanted) {
    const found = await measure(curve, options);
    measured.push(found);
    if (options.json !== true) process.stdout.write(`\n${curveText(found)}`);
  }
  const report = finish(measured);
  const files = writeCurvesReport(options.out, report);
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.stderr.write(`report  ${files.html}\n        ${files.json}\n`);
  const broken = measured.some((curve) =>
    curve.expectations.some((expectation) => judge(curve.points, expectation)?.held === false),
  );
  if (broken) process.exitCode = 1;
}

function curveNamed(text: string): Curve {
  const found = curves.find(({ name }) => name === text);
  if (found === undefined) {
    throw new Error(`there is no curve "${text}"; there are ${curves.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

async function measure(curve: Curve, options: Options): Promise<MeasuredCurve> {
  const { measure: measurePoints, sizes: own, ...facts } = curve;
  const points: CurvePoint[] = [];
  const notes: string[] = [];
  await measurePoints(options.sizes ?? own, options, {
    point: (point) => {
      points.push(point);
      process.stderr.write(`${curve.name} ${writeSize(point.x)}: ${progress(point)}\n`);
    },
    note: (text) => {
      notes.push(text);
      process.stderr.write(`${text}\n`);
    },
  });
  return { ...facts, points, notes };
}

function progress({ figures }: CurvePoint): string {
  return Object.entries(figures)
    .map(([figure, value]) => `${figureName(figure)[0]} ${writeFigure(figure, value)}`)
    .join(", ");
}
