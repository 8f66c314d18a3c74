import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { scenarioFile } from "../load/scenarios.ts";

const ratio = z.number().positive();
const atLeast = z.strictObject({ atLeast: ratio });
const atMost = z.strictObject({ atMost: ratio });

const bounds = z
  .strictObject({
    perSecond: atLeast.optional(),
    p50Ms: atMost.optional(),
    p90Ms: atMost.optional(),
    p99Ms: atMost.optional(),
    failedShare: z.strictObject({ atMost: z.number().min(0).max(1) }).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, "needs at least one bound");

const check = z
  .strictObject({
    name: z.string().min(1),
    topology: z.string().optional(),
    url: z.string().optional(),
    path: z.string().startsWith("/", "begins with /").default("/"),
    scenario: z.string().optional(),
    clients: z.int().min(1).optional(),
    rate: z.number().positive().optional(),
    bounds,
  })
  .refine(
    ({ topology, url }) => (topology === undefined) !== (url === undefined),
    "needs topology or url, one of both",
  )
  .refine(
    ({ clients, rate }) => (clients === undefined) !== (rate === undefined),
    "needs clients or rate, one of both",
  );

const thresholds = z.strictObject({
  rounds: z.int().min(3, "is 3 at least: fewer have no interval").max(50).default(5),
  seconds: z.number().min(0.5).max(60).default(2),
  seed: z.int().min(1).default(1),
  checks: z.array(check).min(1),
});

export type Check = z.output<typeof check>;
export type Thresholds = z.output<typeof thresholds>;
export type BoundKey = keyof z.output<typeof bounds>;

/** Reads a threshold file, YAML or JSON. Throws with everything that is wrong in it, each with its line and column. */
export function readThresholds(file: string): Thresholds {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw new Error(`${at(broken.pos[0])}: ${broken.message.split("\n")[0]}`);
  const parsed = thresholds.safeParse(document.toJS());
  if (!parsed.success) {
    const told = parsed.error.issues.map(({ path, message }) => {
      const where = path.filter((part): part is string | number => typeof part !== "symbol");
      return `${at(offsetOf(document, where))}: ${where.join(".") || "the file"}: ${message}`;
    });
    throw new Error(told.join("\n"));
  }
  const directory = dirname(resolve(file));
  return { ...parsed.data, checks: parsed.data.checks.map((each) => placed(each, directory)) };
}

/** Files are named as seen from the threshold file. Throws on a scenario that is not there. */
function placed(each: Check, directory: string): Check {
  const { topology, scenario } = each;
  const path = (name: string) => (name.endsWith(".ts") ? resolve(directory, name) : name);
  return {
    ...each,
    ...(topology === undefined ? {} : { topology: resolve(directory, topology) }),
    ...(scenario === undefined ? {} : { scenario: scenarioFile(path(scenario)) }),
  };
}

/** Of the value at `path`, or of the nearest one around it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: readonly number[] } | undefined)?.range;
    if (range?.[0] !== undefined) return range[0];
  }
  return 0;
}
