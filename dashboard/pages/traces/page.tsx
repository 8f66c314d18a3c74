import { useState } from "preact/hooks";
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
  if (rest !== "") return <One traceId={rest} />;
  if (file !== undefined) {
    return <TraceView trace={file.trace} file={file.name} onBack={() => setFile(undefined)} />;
  }
  return <TraceSearchView onFile={(name, trace) => setFile({ name, trace })} />;
}

const pathOfTrace = (traceId: string) => `/api/telemetry/traces/${encodeURIComponent(traceId)}`;
/** Spans arrive within a second or two of their end: a trace that is not there yet may be soon. */
const awaitMs = 1000;

function One({ traceId }: { traceId: string }) {
  const [found, setFound] = useState(false);
  const { data, error, refresh } = usePolled<TraceDetail>(pathOfTrace(traceId), found ? undefined : awaitMs);
  if (data !== undefined && !found) setFound(true);
  if (data !== undefined) return <TraceView trace={data} onRefresh={refresh} />;
  if (error !== undefined) return <ErrorState title="This trace is not here" error={error} retry={refresh} />;
  return <Loading what="the trace" />;
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
