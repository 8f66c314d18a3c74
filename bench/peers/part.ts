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
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? installed : installed.toReversed()) {
      if (hooks.signal?.aborted) continue;
      hooks.turn?.(round, side.name);
      const figures = await turn(part, side).catch((error: Error) => {
        if (!hooks.signal?.aborted) throw error;
      });
      // What was under way when it was interrupted is no measurement.
      if (figures === undefined || hooks.signal?.aborted) continue;
      samples.push({ part: part.name, side: side.name, round, figures });
    }
  }
  const { name, title, load } = part;
  const facts = sides.map(({ side, version }) => ({
    name: side.name,
    version: version ?? null,
    does: side.does,
    config: side.config,
  }));
  return { facts: { name, title, load, sides: facts }, samples };
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
