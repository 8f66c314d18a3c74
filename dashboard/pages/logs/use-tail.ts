import { useEffect, useRef, useState } from "preact/hooks";
import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { get } from "../../api.ts";
import { LogBuffer, maxLines } from "./buffer.ts";
import { newerLines } from "./catch-up.ts";
import type { Stretch } from "../list-range.ts";
import { type LogFilter, type LogPlace, logPath, pageLines } from "./log-query.ts";

export interface Tail {
  readonly lines: readonly StoredLog[];
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** There are no lines older than those here, or no room for them. */
  readonly atStart: boolean;
  readonly loadOlder: () => void;
  /** More lines came at once than a page holds: the newest are here. Until another filter is chosen. */
  readonly leftOut: LeftOut | undefined;
}

export interface LeftOut {
  /** Of the oldest line that came through. Milliseconds since the epoch. */
  readonly before: number;
  /** Of all lines; with a filter nobody knows how many of them fit. */
  readonly lines: number;
}

const lookMs = 1000;

/** Lines of a stretch of time that pass the filter, and the new ones about every second while `live`. */
export function useTail(filter: LogFilter, stretch: Stretch, live: boolean): Tail {
  const key = logPath(filter, stretch);
  const buffer = useRef(new LogBuffer());
  const busy = useRef(false);
  const [state, setState] = useState<{ lines: readonly StoredLog[]; loading: boolean; error?: Error }>({
    lines: [],
    loading: true,
  });
  const [atStart, setAtStart] = useState(false);
  const [leftOut, setLeftOut] = useState<LeftOut>();

  useEffect(() => {
    buffer.current = new LogBuffer();
    setAtStart(false);
    setLeftOut(undefined);
    setState({ lines: [], loading: true });
  }, [key]);

  useEffect(() => {
    const mine = buffer.current;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      if (!document.hidden) await more(gone.signal);
      if (live && !gone.signal.aborted) timer = setTimeout(look, lookMs);
    };
    const more = async (signal: AbortSignal) => {
      const ask = (place: LogPlace) => get<StoredLog[]>(logPath(filter, { ...stretch, ...place }), signal);
      const after = mine.newest;
      try {
        if (after === undefined) {
          const found = await ask({});
          if (signal.aborted) return;
          setAtStart(found.length < pageLines);
          mine.append(found);
        } else {
          const { lines, left } = await newerLines(ask, after, maxLines);
          if (signal.aborted) return;
          mine.append(lines);
          const oldest = lines[lines.length - 1];
          // Ids are given out one by one.
          if (left && oldest !== undefined) setLeftOut({ before: oldest.at, lines: oldest.id - after - 1 });
        }
        setState({ lines: mine.lines, loading: false });
      } catch (error) {
        if (signal.aborted) return;
        setState({ lines: mine.lines, loading: false, error: errorOf(error) });
      }
    };
    void look();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [key, live]);

  const loadOlder = () => {
    const mine = buffer.current;
    const before = mine.oldest;
    if (before === undefined || atStart || busy.current) return;
    busy.current = true;
    get<StoredLog[]>(logPath(filter, { ...stretch, before }))
      .then((found) => {
        if (mine !== buffer.current) return;
        const taken = mine.prepend(found);
        if (found.length < pageLines || taken < found.length) setAtStart(true);
        setState({ lines: mine.lines, loading: false });
      })
      .catch((error: unknown) => setState({ lines: mine.lines, loading: false, error: errorOf(error) }))
      .finally(() => {
        busy.current = false;
      });
  };

  return { error: undefined, ...state, atStart, loadOlder, leftOut };
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
