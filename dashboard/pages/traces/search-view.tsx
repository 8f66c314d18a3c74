import { useState } from "preact/hooks";
import type { ListedTrace, TraceDetail } from "../../../runtime/telemetry/query.ts";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { ListRangePicker } from "../../components/time-range.tsx";
import { navigate, query, setQuery } from "../../router.ts";
import { formatCount } from "../format.ts";
import { traceHref } from "../links.ts";
import { useListRange, within } from "../list-range.ts";
import { Losses } from "../losses.tsx";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { useServices } from "../use-services.ts";
import { openTrace } from "./save.ts";
import { TraceScatter } from "./scatter.tsx";
import { faultOf, pageTraces, parametersOf, pathOf, searchOf, type TraceSearch } from "./search.ts";
import { TraceList } from "./trace-list.tsx";
import { useNow } from "../use-now.ts";
import { useOlder } from "./use-older.ts";

const lookMs = 2000;
const none: readonly ListedTrace[] = [];

export function TraceSearchView({ onFile }: { onFile: (name: string, trace: TraceDetail) => void }) {
  const search = searchOf(query.value);
  const [live, setLive] = useState(true);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  const now = useNow(1000);
  const { range, asked, live: goesOn } = useListRange();
  const path = pathOf(search, asked);
  const { data, error, refresh } = usePolled<ListedTrace[]>(path, live && goesOn ? lookMs : undefined);
  const older = useOlder(path, data ?? none, pageTraces);
  const traces = within(older.traces, range, ({ startMs }) => startMs);

  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      onFile(file.name, await openTrace(file));
    } catch (failure) {
      setProblem(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const choose = (traceId: string, on: boolean) => {
    const others = chosen.filter((id) => id !== traceId);
    setChosen(on ? [...others, traceId].slice(-2) : others);
  };
  const isFiltered = parametersOf(search).size > 0 || range !== undefined;
  return (
    <div class="page fill">
      <header class="toolbar">
        <h1>Traces</h1>
        <Filters search={search} traces={data ?? []} />
        <ListRangePicker range={range} />
        <span class="toolbar-end">
          {data !== undefined && (
            <span class="muted number" role="status">
              {older.more
                ? `the newest ${formatCount(traces.length)}`
                : `${formatCount(traces.length)} found`}
            </span>
          )}
          <Losses of="traces" />
          {goesOn && (
            <button type="button" class="button small" aria-pressed={live} onClick={() => setLive(!live)}>
              {live ? "Live" : "Paused"}
            </button>
          )}
          <button
            type="button"
            class="button small"
            disabled={chosen.length !== 2}
            title="Tick two traces to compare them"
            onClick={() => navigate(`${traceHref(chosen[0]!)}?with=${chosen[1]}`)}
          >
            Compare {chosen.length}/2
          </button>
          <label class="button small file-button">
            Open file
            <input
              type="file"
              accept=".json,application/json"
              onChange={(event) => void open(event.currentTarget.files?.[0])}
            />
          </label>
        </span>
      </header>
      <ErrorLine
        message={problem ?? faultOrError(search, data === undefined ? undefined : (error ?? older.error))}
      />
      {data === undefined && error !== undefined && <ErrorState error={error} retry={refresh} />}
      {data === undefined && error === undefined && faultOf(search) === "" && <Loading what="traces" />}
      {traces.length > 0 && (
        <>
          <TraceScatter traces={traces} />
          <TraceList
            traces={traces}
            now={now}
            hrefOf={traceHref}
            chosen={chosen}
            onChoose={choose}
            onEnd={older.load}
          />
        </>
      )}
      {data !== undefined && traces.length === 0 && (
        <EmptyState title={isFiltered ? "No trace fits" : "No traces yet"}>
          {isFiltered
            ? goesOn
              ? "Loosen the search, or wait: new traces appear here by themselves."
              : "Loosen the search, or take more time."
            : "Send a request to the gateway, by the API page for instance, and its trace appears here."}
        </EmptyState>
      )}
    </div>
  );
}

function faultOrError(search: TraceSearch, error: Error | undefined): string | undefined {
  const fault = faultOf(search);
  return fault === "" ? error?.message : fault;
}

function Filters({ search, traces }: { search: TraceSearch; traces: readonly ListedTrace[] }) {
  const services = useServices();
  // Text goes into the address with each key: what stands in a field alone is gone with the next drawing of the page.
  const change = (name: keyof TraceSearch) => (event: { currentTarget: { value: string } }) =>
    setQuery({ [name]: event.currentTarget.value });
  const routes = [...new Set(traces.map((trace) => trace.name))].sort().slice(0, 100);
  return (
    <>
      <select class="input" aria-label="Service" value={search.service} onChange={change("service")}>
        <option value="">All services</option>
        {services.map((service) => (
          <option key={service} value={service}>
            {service}
          </option>
        ))}
      </select>
      <input
        class="input grow"
        type="search"
        list="trace-routes"
        placeholder="Route"
        aria-label="Route"
        value={search.route}
        onInput={change("route")}
      />
      <datalist id="trace-routes">
        {routes.map((route) => (
          <option key={route} value={route} />
        ))}
      </datalist>
      <select class="input" aria-label="Status" value={search.status} onChange={change("status")}>
        <option value="">Any status</option>
        <option value="ok">ok</option>
        <option value="error">error</option>
      </select>
      <input
        class="input short"
        inputMode="decimal"
        placeholder="≥ ms"
        aria-label="At least so many milliseconds"
        value={search.minMs}
        onInput={change("minMs")}
      />
      <input
        class="input short"
        inputMode="decimal"
        placeholder="≤ ms"
        aria-label="At most so many milliseconds"
        value={search.maxMs}
        onInput={change("maxMs")}
      />
      <input
        class="input"
        type="search"
        placeholder="attribute=value"
        aria-label="Attribute"
        value={search.attribute}
        onInput={change("attribute")}
      />
    </>
  );
}
