import type { Observer } from "./observer.ts";
import type { Total } from "./totals.ts";

/** What the observer knows of itself, beside what workers report: for scrapes. */
export function withOwnTotals(observer: Observer): Total[] {
  const now = observer.now();
  const labels = { service: "observer", instance: "observer-1" };
  const base = { at: now, since: now, histogram: undefined, exemplar: undefined };
  const gauge = (name: string, unit: string, value: number): Total => ({
    ...base,
    name: `microcosm.observer.${name}`,
    kind: "gauge",
    unit,
    labels,
    value,
  });
  const own = Object.entries(observer.tally.toJSON()).map(
    ([reason, value]): Total => ({
      ...base,
      name: "microcosm.observer.dropped",
      kind: "counter",
      unit: "",
      labels: { ...labels, reason },
      value,
    }),
  );
  if (observer.fault === undefined) {
    const { spansStored, tracesStored, logsStored, bytes, series } = observer.stats();
    own.push(
      gauge("spans", "{span}", spansStored),
      gauge("traces", "{trace}", tracesStored),
      gauge("logs", "{line}", logsStored),
      gauge("series", "{series}", series),
      gauge("size", "By", bytes),
    );
  }
  return [...observer.totals(), ...own];
}
