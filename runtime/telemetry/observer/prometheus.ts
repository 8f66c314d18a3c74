import type { Total } from "./totals.ts";

export type ScrapeFormat = "prometheus" | "openmetrics";

export const scrapeTypes: Readonly<Record<ScrapeFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What a unit is called in a metric's name, and by what a value is multiplied: Prometheus wants base units. */
const units: Readonly<Record<string, { readonly suffix: string; readonly factor: number }>> = {
  ms: { suffix: "seconds", factor: 1e-3 },
  s: { suffix: "seconds", factor: 1 },
  By: { suffix: "bytes", factor: 1 },
};

/** Classic buckets at powers of two from 0.25 ms to 32.8 s: exact, since our own buckets end there too. */
const boundsMs = Array.from({ length: 18 }, (_, place) => 2 ** (place - 2));
/** Of other units: 1 to 2^20. */
const bounds = Array.from({ length: 11 }, (_, place) => 4 ** place);

interface Family {
  readonly name: string;
  readonly kind: Total["kind"];
  readonly unit: string;
  readonly factor: number;
  readonly help: string;
  readonly totals: Total[];
}

/**
 * Prometheus text (exposition format 0.0.4) or OpenMetrics 1.0, with exemplars in the latter: everything since the
 * observer began.
 */
export function expose(totals: readonly Total[], format: ScrapeFormat): string {
  const lines: string[] = [];
  for (const family of familiesOf(totals)) {
    const isCounter = family.kind === "counter";
    // OpenMetrics names a counter's family without the suffix that its samples have.
    const typed = isCounter && format === "prometheus" ? `${family.name}_total` : family.name;
    lines.push(`# HELP ${typed} ${escapeHelp(family.help)}`, `# TYPE ${typed} ${family.kind}`);
    if (format === "openmetrics" && family.unit !== "") lines.push(`# UNIT ${typed} ${family.unit}`);
    for (const total of family.totals) {
      if (total.histogram !== undefined) histogramLines(lines, family, total, format);
      else {
        const name = isCounter ? `${family.name}_total` : family.name;
        lines.push(`${name}${labelText(total.labels)} ${number(total.value * family.factor)}`);
      }
    }
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

/** Samples of one family must stand together; a name used with two kinds is a family for the first one only. */
function familiesOf(totals: readonly Total[]): Family[] {
  const families = new Map<string, Family>();
  for (const total of totals) {
    const unit = units[total.unit];
    const suffix = unit?.suffix ?? "";
    const base = nameOf(total.name).replace(/_total$/, "");
    const name = suffix === "" || base.endsWith(`_${suffix}`) ? base : `${base}_${suffix}`;
    let family = families.get(name);
    if (family === undefined) {
      const help = total.unit === "" ? total.name : `${total.name}, in ${suffix || total.unit}`;
      family = {
        name,
        kind: total.kind,
        unit: suffix,
        factor: unit?.factor ?? 1,
        help: `${help}.`,
        totals: [],
      };
      families.set(name, family);
    }
    if (family.kind === total.kind) family.totals.push(total);
  }
  return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function histogramLines(lines: string[], family: Family, total: Total, format: ScrapeFormat): void {
  const { name, factor } = family;
  const { histogram, labels, exemplar } = total;
  if (histogram === undefined) return;
  // In the unit of the values as they were recorded.
  const steps =
    total.unit === "ms" ? boundsMs : total.unit === "s" ? boundsMs.map((bound) => bound / 1024) : bounds;
  const shown = format === "openmetrics" ? exemplar : undefined;
  let previous = Number.NEGATIVE_INFINITY;
  for (const bound of [...steps, Number.POSITIVE_INFINITY]) {
    const count = histogram.countUpTo(bound);
    const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : number(bound * factor);
    const isHere = shown !== undefined && shown.value > previous && shown.value <= bound;
    const example = isHere
      ? ` # {trace_id="${shown.traceId}",span_id="${shown.spanId}"} ${number(shown.value * factor)} ${(shown.at / 1000).toFixed(3)}`
      : "";
    lines.push(`${name}_bucket${labelText(labels, le)} ${count}${example}`);
    previous = bound;
  }
  lines.push(`${name}_sum${labelText(labels)} ${number(histogram.sum * factor)}`);
  lines.push(`${name}_count${labelText(labels)} ${histogram.count}`);
}

function labelText(labels: Readonly<Record<string, string>>, le?: string): string {
  const seen = new Set<string>();
  const parts: string[] = [];
  for (const [label, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // `a.b` and `a-b` become one name; a name twice in one sample would make the whole scrape invalid.
    const name = nameOf(label).replaceAll(":", "_");
    if (seen.has(name) || name === "le") continue;
    seen.add(name);
    parts.push(`${name}="${escapeValue(value)}"`);
  }
  if (le !== undefined) parts.push(`le="${le}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function nameOf(name: string): string {
  const legal = name.replace(/[^a-zA-Z0-9_:]/g, "_");
  return /^[0-9]/.test(legal) || legal === "" ? `_${legal}` : legal;
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Without the dust of binary fractions: 0.001 and not 0.0010000000000000000208. */
function number(value: number): string {
  return String(Number(value.toPrecision(12)));
}
