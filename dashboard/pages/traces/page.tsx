import { useEffect, useRef, useState } from "preact/hooks";
import { icons } from "../../icons.ts";
import type { Page, PageProps } from "../../page.ts";
import type { TraceDetail } from "../../../runtime/telemetry/query.ts";
import { ErrorState } from "../../components/states.tsx";
import { query } from "../../router.ts";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { Comparison } from "./comparison.tsx";
import { TraceSearchView } from "./search-view.tsx";
import { TraceView } from "./trace-view.tsx";

export const page: Page = { path: "/traces", title: "Traces", icon: icons.traces, component: Traces };

interface OpenFile {
  readonly name: string;
  readonly trace: TraceDetail;
}

/** `/traces`: the list; `/traces/ID`: one; `/traces/ID?with=ID`: two side by side; a file stands before all of them. */
function Traces({ rest }: PageProps) {
  const [file, setFile] = useState<OpenFile>();
  const other = query.value.get("with") ?? "";
  if (rest !== "" && other !== "") return <Two left={rest} right={other} />;
  if (rest !== "") return <One key={rest} traceId={rest} />;
  if (file !== undefined) {
    return <TraceView trace={file.trace} file={file.name} onBack={() => setFile(undefined)} />;
  }
  return <TraceSearchView onFile={(name, trace) => setFile({ name, trace })} />;
}

const pathOfTrace = (traceId: string) => `/api/telemetry/traces/${encodeURIComponent(traceId)}`;
/** Spans come within a second or two of their end, and event by event: a young trace is asked for again. */
const lookMs = 1000;
const youngMs = 10_000;
/** One that is not there within this is told to be missing, and not asked for any more. */
const awaitMs = 10_000;

function One({ traceId }: { traceId: string }) {
  const [young, setYoung] = useState(true);
  const shown = useRef<TraceDetail>(undefined);
  const { data, error, refresh } = usePolled<TraceDetail>(pathOfTrace(traceId), young ? lookMs : undefined);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (shown.current === undefined) setYoung(false);
    }, awaitMs);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (data !== undefined) setYoung(Date.now() - lastOf(data) < youngMs);
  }, [data]);
  // The same trace once more must not unfold what was folded.
  if (data !== undefined && !isSame(data, shown.current)) shown.current = data;
  const trace = shown.current;
  if (trace !== undefined) return <TraceView trace={trace} onRefresh={refresh} />;
  if (error !== undefined && !young)
    return <ErrorState title="This trace is not here" error={error} retry={refresh} />;
  return <Loading what="the trace" />;
}

/** When the last of it ended. */
function lastOf({ spans }: TraceDetail): number {
  return spans.reduce((last, span) => Math.max(last, span.startMs + span.durationMs), 0);
}

function isSame(a: TraceDetail, b: TraceDetail | undefined): boolean {
  return (
    a.summary.traceId === b?.summary.traceId &&
    a.spans.length === b.spans.length &&
    a.logs.length === b.logs.length
  );
}

function Two({ left, right }: { left: string; right: string }) {
  const a = usePolled<TraceDetail>(pathOfTrace(left), undefined);
  const b = usePolled<TraceDetail>(pathOfTrace(right), undefined);
  const error = a.error ?? b.error;
  if (error !== undefined) {
    const retry = () => {
      a.refresh();
      b.refresh();
    };
    return <ErrorState title="One of the traces is not here" error={error} retry={retry} />;
  }
  if (a.data === undefined || b.data === undefined) return <Loading what="both traces" />;
  return <Comparison left={a.data} right={b.data} />;
}
