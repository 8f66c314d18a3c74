import { type Command, InvalidArgumentError } from "commander";
import { untilEnded } from "../interruption.ts";
import { numberFrom, wholeNumber } from "../option-values.ts";
import {
  addReportOptions,
  beginReport,
  finishReport,
  type ReportOptions,
} from "../report/command-options.ts";
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
import { curvesHtml } from "./html.ts";
import { curvesReport } from "./report.ts";
import { curveText } from "./text.ts";

const curves: readonly Curve[] = [hops, instances, services, bodies, connections, orders, messages];

interface Options extends ReportOptions {
  readonly seconds: number;
  readonly sizes?: readonly number[];
}

function sizeList(text: string): number[] {
  const sizes = text.split(",").map((part) => wholeNumber(part));
  if (sizes.some((size, i) => i > 0 && size <= sizes[i - 1]!))
    throw new InvalidArgumentError(`"${text}": each size must be above the one before`);
  return sizes;
}

export function addCurvesCommand(program: Command): void {
  const command = program
    .command("curves")
    .description(
      "How cost grows with hops, instances, services, body size, connections and history, and whether as it should.",
    )
    .argument("[names...]", `of ${curves.map(({ name }) => name).join(", ")}; default: all`)
    .option("--seconds <n>", "of one measurement", numberFrom(0.5), 2)
    .option("--sizes <list>", "sizes to measure instead of the curve's own; for one curve", sizeList);
  addReportOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  $ bun run bench curves
  $ bun run bench curves hops bodies --seconds 5
  $ bun run bench curves messages --sizes 10000,100000

The exit code is 1 when a cost grows faster than it should. Linux only.`,
    )
    .action(run);
}

async function run(names: readonly string[], options: Options): Promise<void> {
  if (process.platform !== "linux")
    throw new Error("curves reads CPU time and memory from /proc: Linux only");
  const wanted = names.length === 0 ? curves : names.map(curveNamed);
  if (options.sizes !== undefined && wanted.length !== 1)
    throw new Error("--sizes is for one curve; name it");
  const frame = beginReport("curves");
  const measured: MeasuredCurve[] = [];
  const incomplete = await untilEnded(async (signal) => {
    await prepareStart();
    for (const curve of wanted) {
      const { measure: _, sizes: __, ...facts } = curve;
      const found = { ...facts, points: [], notes: [] };
      measured.push(found);
      await measure(curve, options, found, signal);
      if (options.json !== true) process.stdout.write(`\n${curveText(found)}`);
    }
  });
  const report = curvesReport(frame, measured, incomplete);
  const broken = measured.some((curve) =>
    curve.expectations.some((expectation) => judge(curve.points, expectation)?.held === false),
  );
  if (broken) process.exitCode = 1;
  // The curves have been printed one by one.
  finishReport(report, options, { html: curvesHtml, text: () => "" });
}

function curveNamed(text: string): Curve {
  const found = curves.find(({ name }) => name === text);
  if (found === undefined) {
    throw new Error(`there is no curve "${text}"; there are ${curves.map(({ name }) => name).join(", ")}`);
  }
  return found;
}

/** Fills in `found`, point by point, so that those of a curve that breaks off are kept. */
async function measure(
  curve: Curve,
  options: Options,
  found: { readonly points: CurvePoint[]; readonly notes: string[] },
  signal: AbortSignal,
): Promise<void> {
  await curve.measure(options.sizes ?? curve.sizes, options, {
    point: (point) => {
      // What was measured while its processes were ending is nothing.
      signal.throwIfAborted();
      found.points.push(point);
      process.stderr.write(`${curve.name} ${writeSize(point.x)}: ${progress(point)}\n`);
    },
    note: (text) => {
      found.notes.push(text);
      process.stderr.write(`${text}\n`);
    },
  });
}

function progress({ figures }: CurvePoint): string {
  return Object.entries(figures)
    .map(([figure, value]) => `${figureName(figure)[0]} ${writeFigure(figure, value)}`)
    .join(", ");
}
