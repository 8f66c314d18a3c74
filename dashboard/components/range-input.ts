/** What stands in the fields of a range: a stretch of time, or what is wrong and in which field. */
export type RangeInput =
  | { readonly from: number; readonly to: number }
  | { readonly field: "from" | "to"; readonly problem: string };

/** Of two fields of type datetime-local, whose value is empty while what stands in them is no time. `now`: nothing is known later. */
export function rangeOf(fromText: string, toText: string, now: number): RangeInput {
  const from = Date.parse(fromText);
  const to = Date.parse(toText);
  if (!Number.isFinite(from)) return { field: "from", problem: "From needs a date and a time" };
  if (!Number.isFinite(to)) return { field: "to", problem: "To needs a date and a time" };
  if (from >= to) return { field: "to", problem: "To must be later than From" };
  if (from >= now) return { field: "from", problem: "From lies in the future" };
  return { from, to };
}

/** The value of such a field: local time, to the second. */
export function fieldTextOf(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
