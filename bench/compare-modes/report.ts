import { spread } from "../measure.ts";
import {
  compare,
  type ComparedTable,
  completeRounds,
  type ComparisonReport,
  warningsOf,
} from "../paired/comparison.ts";
import { findingsOf } from "../paired/words.ts";
import { counted, latency, rate as rateText } from "../report/figures.ts";
import type { ReportFrame } from "../report/page.ts";
import { type CompareModesOptions, contenders, microservices, monolith } from "./options.ts";
import { crashMeasures, loadMeasures, type ModesMeasured, scaleMeasures } from "./run.ts";

export function modesReport(
  frame: ReportFrame,
  options: CompareModesOptions,
  measured: ModesMeasured,
): ComparisonReport {
  const rows = (measures: Parameters<typeof compare>[0]) => compare(measures, measured.rounds, contenders);
  const { service, instances, path } = options.scale;
  const sections = [
    {
      title: "The same load on both",
      note: `Throughput and CPU of ${options.clients} clients in a closed loop; percentiles, from the intended start, at ${measured.rate} turns a second for both, Poisson. CPU and memory (PSS) are those of all processes of the run together.`,
      rows: rows(loadMeasures),
    },
    {
      title: `What a crash of ${options.crash} takes down`,
      note: `SIGKILL for the process that holds ${options.crash}, at ${options.crashRate} requests a second over all routes. Microservices: that instance, which the supervisor restarts. Monolith: all of it, restarted 100 ms later, as a service manager would.`,
      rows: rows(crashMeasures),
    },
    {
      title: `What scaling ${service} to ${instances} buys`,
      note: `${options.clients} clients in a closed loop on ${path}, one instance and ${instances}, in turns. In the monolith the instances share one event loop. Gateway and load generator share the machine's cores with them.`,
      rows: rows(scaleMeasures),
    },
  ];
  return {
    ...frame,
    ...{ format: "microcosm-comparison-report", version: 1 },
    heading: "One process or many",
    sub: `${options.topology} as ${monolith} and as ${microservices}, ${counted(options.rounds, "round")} in pairs`,
    contenders,
    sections: sections.filter((section) => section.rows.length > 0),
    tables: [crashTable(options, measured)],
    findings: sections.flatMap((section) => section.rows.flatMap(findingsOf)),
    warnings: [
      ...warningsOf(completeRounds(measured.rounds, contenders), frame.environment),
      ...measured.warnings,
    ],
    seed: options.seed,
    rounds: measured.rounds,
    ...(measured.incomplete === undefined ? {} : { incomplete: measured.incomplete }),
  };
}

/** Medians over the crashes, route by route. */
function crashTable({ crash }: CompareModesOptions, { crashes }: ModesMeasured): ComparedTable {
  const routes = [
    ...new Set(crashes.flatMap(({ values }) => values.routes.map(({ route }) => route))),
  ].sort();
  const cells = (mode: string, route: string) => {
    const own = crashes
      .filter((each) => each.mode === mode)
      .flatMap(({ values }) => values.routes.filter((each) => each.route === route));
    if (own.length === 0) return ["–", "–", "–"];
    const median = (of: (each: (typeof own)[number]) => number) => spread(own.map(of)).median;
    const failed = `${rateText(median(({ failed }) => failed))} of ${rateText(median(({ requests }) => requests))}`;
    const longest = own.map(({ maxMs }) => maxMs).filter((ms) => !Number.isNaN(ms));
    return [
      failed,
      latency(median(({ downMs }) => downMs)),
      longest.length === 0 ? "–" : latency(spread(longest).median),
    ];
  };
  const head = contenders.flatMap((mode) => [`${mode}: failed`, "failed for", "slowest"]);
  return {
    title: `Routes while ${crash} crashed`,
    note: "Medians over the rounds. “Failed for” is from the crash to the end of the last request that failed; a request that waited for the instance to come back did not fail, and is the slowest.",
    head: ["route", ...head],
    rows: routes.map((route) => [route, ...contenders.flatMap((mode) => cells(mode, route))]),
  };
}
