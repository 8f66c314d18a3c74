import { LatencyHistogram } from "../load/histogram.ts";
import { makePlan } from "../load/plan.ts";
import type { LoadResult, Second } from "../load/result.ts";
import type { TargetReport } from "../topology/watch.ts";
import { readEnvironment } from "./environment.ts";
import { makeReport, type Report } from "./report.ts";

/** A run for tests, as if each second had brought the latencies that `latenciesOf` gives. */
export function runOf(seconds: number, latenciesOf: (second: number) => readonly number[]): LoadResult {
  const all = new LatencyHistogram();
  const list: Second[] = [];
  let replied = 0;
  for (let second = 0; second < seconds; second++) {
    const own = new LatencyHistogram();
    const latencies = latenciesOf(second);
    for (const ms of latencies) own.recordMs(ms);
    all.merge(own);
    replied += latencies.length;
    const counts = { begun: latencies.length, replied: latencies.length, failed: 0, bad: 0 };
    list.push({ second, ...counts, corrected: own.encode() });
  }
  const total = {
    name: "all",
    replied,
    inTime: replied,
    bad: 0,
    failed: { refused: 0, reset: 0, timeout: 0, garbage: 0, unsent: 0 },
    statuses: { "200": replied },
    bodyBytes: 0,
    corrected: all.encode(),
    uncorrected: all.encode(),
  };
  return {
    plan: makePlan({
      url: "http://127.0.0.1:1/a?b=<c>",
      loop: { kind: "open", arrivals: { kind: "constant", rate: replied / seconds } },
      durationMs: seconds * 1000,
    }),
    measuredAt: Date.UTC(2026, 0, 2, 3, 4, 7),
    warmup: { ms: 2000, settled: true, replies: 10 },
    measuredMs: seconds * 1000,
    total,
    steps: [{ ...total, name: "GET /a" }],
    seconds: list,
    checks: [{ name: "it <holds>", passed: 3, failed: 1 }],
    generators: [
      {
        due: replied,
        late: 0,
        lateP50Ms: 0,
        lateP99Ms: 0.1,
        lateMaxMs: 0.2,
        cpuShare: 0.5,
        busyShare: 0.1,
        connections: 4,
      },
    ],
    due: replied,
    flow: {
      partMs: 1000,
      due: list.map(({ begun }) => begun),
      over: list.map((second) => second.replied),
      answered: list.map((second) => second.replied),
    },
    perSecond: replied / seconds,
    failedShare: 0,
    details: [],
    thresholds: [{ text: "p99Ms ≤ 50", value: 12.3456, held: true }],
    problems: [{ severity: "warning", message: "a </script><b>warning</b>" }],
  };
}

export function reportOf(load: LoadResult, target?: TargetReport): Report {
  return makeReport({
    ...(target === undefined ? {} : { target }),
    name: "fixture",
    startedAt: "2026-01-02T03:04:05.678Z",
    command: "bun run bench load",
    environment: readEnvironment(),
    load,
  });
}
