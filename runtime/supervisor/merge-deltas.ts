import type { InstanceRecord, RegistryDelta } from "../registry/registry.ts";

/** One delta that does what the given ones do one after the other. They must follow each other and be at least one. */
export function mergeDeltas(deltas: readonly RegistryDelta[]): RegistryDelta {
  const first = deltas[0];
  const last = deltas[deltas.length - 1];
  if (first === undefined || last === undefined) throw new RangeError("mergeDeltas: nothing to merge");
  if (deltas.length === 1) return first;
  const upserts = new Map<string, InstanceRecord>();
  const removes = new Set<string>();
  for (const delta of deltas) {
    for (const record of delta.upserts) {
      upserts.set(record.id, record);
      removes.delete(record.id);
    }
    for (const id of delta.removes) {
      upserts.delete(id);
      removes.add(id);
    }
  }
  return { from: first.from, to: last.to, upserts: [...upserts.values()], removes: [...removes] };
}
