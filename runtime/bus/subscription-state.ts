import { decodeData, encodeData } from "./data.ts";

/**
 * What a restart must know of a subscription besides its cursor, as MessagePack `[done, failed]`: offsets done above
 * the cursor as flat [from, to) pairs, and the events that failed, as flat [offset, deliveries] pairs.
 */
export interface SubscriptionState {
  readonly done: ReadonlySet<number>;
  readonly failed: ReadonlyMap<number, number>;
}

export const emptyState: SubscriptionState = { done: new Set(), failed: new Map() };

export function packState(done: readonly number[], failed: readonly number[]): Uint8Array {
  return encodeData([done, failed]);
}

export function unpackState(bytes: Uint8Array): SubscriptionState {
  const [done, failed] = decodeData(bytes) as [number[], number[]];
  const state = { done: new Set<number>(), failed: new Map<number, number>() };
  for (let i = 0; i < done.length; i += 2) {
    for (let offset = done[i]!; offset < done[i + 1]!; offset++) state.done.add(offset);
  }
  for (let i = 0; i < failed.length; i += 2) state.failed.set(failed[i]!, failed[i + 1]!);
  return state;
}

/** Adds what the last run left at offsets from `next` on, which this run has not read yet. */
export function addUnread(state: SubscriptionState, next: number, done: number[], failed: number[]): void {
  for (const offset of state.done) if (offset >= next) done.push(offset, offset + 1);
  for (const [offset, deliveries] of state.failed) if (offset >= next) failed.push(offset, deliveries);
}
