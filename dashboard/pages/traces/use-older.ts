import { useEffect, useRef, useState } from "preact/hooks";
import type { ListedTrace } from "../../../runtime/telemetry/query.ts";
import { get } from "../../api.ts";
import { firstWritten, withOlder } from "./older.ts";

export interface Older {
  readonly traces: readonly ListedTrace[];
  /** Whether there may be more, and room for them. */
  readonly more: boolean;
  readonly error: Error | undefined;
  readonly load: () => void;
}

/** A page holds at most this many; further back one gets by searching. */
export const maxTraces = 20_000;

/** The newest of a search, as they come, and the older ones that were asked for besides. `path` is the search's. */
export function useOlder(path: string | undefined, newest: readonly ListedTrace[], pageSize: number): Older {
  const [older, setOlder] = useState<{
    path: string | undefined;
    list: readonly ListedTrace[];
    end: boolean;
  }>({
    path,
    list: [],
    end: false,
  });
  const [error, setError] = useState<Error>();
  const busy = useRef(false);
  const mine = older.path === path ? older : { path, list: [], end: false };
  useEffect(() => setError(undefined), [path]);
  const traces = withOlder(newest, mine.list, maxTraces);
  // Fewer than a page: there are no older ones. Once some were loaded, only an empty answer tells that.
  const more = !mine.end && newest.length >= pageSize && traces.length < maxTraces;
  const load = async () => {
    const before = firstWritten(traces);
    if (path === undefined || before === undefined || !more || busy.current) return;
    busy.current = true;
    try {
      const found = await get<ListedTrace[]>(`${path}&before=${before}`);
      const list = withOlder(mine.list.length > 0 ? mine.list : newest, found, maxTraces);
      setOlder({ path, list, end: withOlder(traces, found, maxTraces).length === traces.length });
      setError(undefined);
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
    } finally {
      busy.current = false;
    }
  };
  return { traces, more, error, load: () => void load() };
}
