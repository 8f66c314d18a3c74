import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { pageLines } from "./log-query.ts";

/** Lines between two ids, both excluded; newest first, at most `pageLines`. */
export type AskLines = (place: { after: number; before?: number }) => Promise<readonly StoredLog[]>;

export interface Newer {
  /** Newest first, without a gap. */
  readonly lines: readonly StoredLog[];
  /** There were more, between `after` and the oldest of these. */
  readonly left: boolean;
}

/**
 * All lines newer than `after`, up to `most`. The observer gives the newest page of what it is asked for: a busy second or a
 * page that was in the background has more than one of them, and the older ones are asked for until there is no gap.
 */
export async function newerLines(ask: AskLines, after: number, most: number): Promise<Newer> {
  const lines: StoredLog[] = [];
  while (lines.length < most) {
    const before = lines[lines.length - 1]?.id;
    const found = await ask(before === undefined ? { after } : { after, before });
    lines.push(...found);
    if (found.length < pageLines) return { lines, left: false };
  }
  return { lines, left: true };
}
