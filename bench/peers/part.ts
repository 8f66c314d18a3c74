import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Side } from "./side.ts";

/** By name, the unit last: `perSecond`, `p99Ms`. */
export type Figures = Readonly<Record<string, number>>;

/** What one side did in one round. */
export interface Sample {
  readonly part: string;
  readonly side: string;
  readonly round: number;
  readonly figures: Figures;
}

/** A side as a report tells of it. */
export interface SideFacts {
  readonly name: string;
  /** Null: not installed here, and so not measured. */
  readonly version: string | null;
  readonly does: string;
  readonly config: string;
}

/** The same work for all of its sides. */
export interface PartFacts {
  readonly name: string;
  readonly title: string;
  /** The load in words: who asks, how much at once, how long. */
  readonly load: string;
  readonly sides: readonly SideFacts[];
}

export interface Part<Running> {
  readonly name: string;
  readonly title: string;
  readonly load: string;
  readonly sides: readonly Side<Running>[];
  measure(running: Running): Promise<Figures>;
}

export interface RoundHooks {
  /** Before a side's turn. */
  readonly turn?: (round: number, side: string) => void;
  /** Ends it after the samples that there are. */
  readonly signal?: AbortSignal;
}

export interface Measured {
  readonly facts: PartFacts;
  readonly samples: readonly Sample[];
  /** What ended it before its last round. */
  readonly failure?: Error;
}

/**
 * Fresh processes each round, one side after the other, the order reversed every other round: what the machine does besides,
 * and what is warm from the side before, falls on each of them in turn.
 */
export async function runPart<Running extends { stop(): Promise<void> }>(
  part: Part<Running>,
  rounds: number,
  hooks: RoundHooks = {},
): Promise<Measured> {
  const sides = part.sides.map((side) => ({ side, version: side.version() }));
  const installed = sides.filter(({ version }) => version !== undefined).map(({ side }) => side);
  const { name, title, load } = part;
  const facts = sides.map(({ side, version }) => ({
    name: side.name,
    version: version ?? null,
    does: side.does,
    config: side.config,
  }));
  return await measured({ name, title, load, sides: facts }, hooks, async (took) => {
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? installed : installed.toReversed()) {
        if (hooks.signal?.aborted) return;
        hooks.turn?.(round, side.name);
        took(round, { [side.name]: await turn(part, side) });
      }
    }
  });
}

/** Starts all sides and gives `work` what measures one round of them, figures by side; ends them when that is over. */
export type Standing = (
  work: (round: (round: number) => Promise<Readonly<Record<string, Figures>>>) => Promise<void>,
) => Promise<void>;

/** Rounds of sides that run all the time. */
export async function runStanding(
  facts: PartFacts,
  rounds: number,
  standing: Standing,
  hooks: RoundHooks = {},
): Promise<Measured> {
  return await measured(facts, hooks, (took) =>
    standing(async (measure) => {
      for (let round = 0; round < rounds && !hooks.signal?.aborted; round++) {
        hooks.turn?.(round, "all sides");
        took(round, await measure(round));
      }
    }),
  );
}

/** What was measured before `work` failed, or was interrupted, is kept. */
async function measured(
  facts: PartFacts,
  { signal }: RoundHooks,
  work: (took: (round: number, figures: Readonly<Record<string, Figures>>) => void) => Promise<void>,
): Promise<Measured> {
  const samples: Sample[] = [];
  try {
    await work((round, figures) => {
      // What was under way when it was interrupted is no measurement.
      if (signal?.aborted) return;
      for (const [side, own] of Object.entries(figures)) {
        samples.push({ part: facts.name, side, round, figures: own });
      }
    });
  } catch (error) {
    if (!signal?.aborted) return { facts, samples, failure: error as Error };
  }
  return { facts, samples };
}

async function turn<Running extends { stop(): Promise<void> }>(
  part: Part<Running>,
  side: Side<Running>,
): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), "mc-peer-"));
  try {
    const began = performance.now();
    const running = await side.start(directory);
    const startMs = performance.now() - began;
    try {
      return { startMs, ...(await part.measure(running)) };
    } finally {
      await running.stop();
    }
  } catch (cause) {
    throw new Error(`${part.name}, ${side.name}: ${(cause as Error).message}`, { cause });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
