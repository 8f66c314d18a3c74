import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { ReportFrame } from "../report/page.ts";
import { peersHtml } from "./html.ts";
import type { Measured, PartFacts, Sample } from "./part.ts";

const format = "microcosm-peers-report";
const version = 1;

/** What Microcosm and its peers did, as samples: every table is made from them. */
export interface PeersReport extends ReportFrame {
  readonly format: typeof format;
  readonly version: typeof version;
  readonly parts: readonly PartFacts[];
  readonly samples: readonly Sample[];
}

export function makePeersReport(
  frame: ReportFrame,
  measured: readonly Measured[],
  incomplete?: string,
): PeersReport {
  return {
    ...{ format, version, ...frame },
    ...(incomplete === undefined ? {} : { incomplete }),
    parts: measured.map(({ facts }) => facts),
    samples: measured.flatMap(({ samples }) => samples),
  };
}

/**
 * Further rounds of the same measurement. Throws when a part was not measured the same way in both: another load, or another
 * version of a side.
 */
export function addRounds(earlier: PeersReport, later: PeersReport): PeersReport {
  const parts = new Map(earlier.parts.map((part) => [part.name, part]));
  const samples = [...earlier.samples];
  for (const part of later.parts) {
    const before = parts.get(part.name);
    const rounds = samples.filter((sample) => sample.part === part.name).map(({ round }) => round + 1);
    const first = Math.max(0, ...rounds);
    if (before !== undefined && !Bun.deepEquals(before, part)) throw new Error(differs(before, part));
    parts.set(part.name, part);
    for (const sample of later.samples) {
      if (sample.part === part.name) samples.push({ ...sample, round: sample.round + first });
    }
  }
  const { incomplete: _, ...frame } = earlier;
  const { incomplete } = later;
  return {
    ...{ ...frame, parts: [...parts.values()], samples },
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

function differs(before: PartFacts, after: PartFacts): string {
  if (before.load !== after.load)
    return `${after.name} was measured with another load: ${before.load}; now ${after.load}`;
  for (const side of after.sides) {
    const known = before.sides.find(({ name }) => name === side.name);
    if (known?.version !== side.version)
      return `${after.name} was measured with ${side.name} ${known?.version ?? "missing"}, now it is ${side.version ?? "missing"}`;
  }
  return `${after.name} was measured with another configuration`;
}

/** Writes FILE.json and FILE.html. */
export function writePeersReport(stem: string, report: PeersReport): { html: string; json: string } {
  mkdirSync(dirname(stem), { recursive: true });
  const files = { html: `${stem}.html`, json: `${stem}.json` };
  // The figures first: whatever goes wrong with the page, they took the time.
  writeFileSync(files.json, `${JSON.stringify(report)}\n`);
  writeFileSync(files.html, peersHtml(report));
  return files;
}

/** Where a report goes that no file was named for. */
export function stemOf(
  directory: string,
  { name, startedAt }: Pick<PeersReport, "name" | "startedAt">,
): string {
  return join(directory, `${name}-${startedAt.replace(/[:.]/g, "-")}`);
}

const text = z.string();
const shape = z.looseObject({
  format: z.literal(format),
  version: z.literal(version),
  parts: z.array(
    z.looseObject({
      name: text,
      title: text,
      load: text,
      sides: z.array(z.looseObject({ name: text, version: text.nullable(), does: text, config: text })),
    }),
  ),
  samples: z.array(
    z.looseObject({ part: text, side: text, round: z.number(), figures: z.record(text, z.number()) }),
  ),
});

/** Undefined when there is no such file. Throws when it is something else than such a report. */
export function readPeersReport(file: string): PeersReport | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    shape.parse(value);
    return value as PeersReport;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new Error(`${file} is not a report of bench peers: ${why}`, { cause });
  }
}
