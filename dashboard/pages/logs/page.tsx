import { useEffect, useState } from "preact/hooks";
import type { StoredLog } from "../../../runtime/telemetry/query.ts";
import { ListRangePicker } from "../../components/time-range.tsx";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { icons } from "../../icons.ts";
import { VirtualList } from "../../list/virtual-list.tsx";
import { instances } from "../../live.ts";
import type { Page } from "../../page.ts";
import { query, setQuery } from "../../router.ts";
import { formatCount, formatTime } from "../format.ts";
import { traceHref } from "../links.ts";
import { useListRange, within } from "../list-range.ts";
import { Losses } from "../losses.tsx";
import { Loading } from "../loading.tsx";
import { useServices } from "../use-services.ts";
import { filterOf, type LogFilter, levels, parametersOf } from "./log-query.ts";
import { LogLine } from "./log-line.tsx";
import { LogPanel } from "./log-panel.tsx";
import { useNarrow } from "./use-narrow.ts";
import { useTail } from "./use-tail.ts";

export const page: Page = { path: "/logs", title: "Logs", icon: icons.logs, component: Logs };

const rowHeight = 24;
const narrowRowHeight = 44;
const typingMs = 250;

function Logs() {
  const filter = filterOf(query.value);
  const [follow, setFollow] = useState(true);
  const [line, setLine] = useState<StoredLog>();
  const narrow = useNarrow();
  const { range, asked, live } = useListRange();
  const tail = useTail(filter, asked, live);
  const { loading, error, leftOut } = tail;
  const lines = within(tail.lines, range, ({ at }) => at);
  const isFiltered = parametersOf(filter).size > 0 || range !== undefined;
  return (
    <div class="page fill">
      <header class="toolbar">
        <h1>Logs</h1>
        <Filters filter={filter} />
        <ListRangePicker range={range} />
        <span class="toolbar-end">
          <span class="muted number" role="status">
            {formatCount(lines.length)} {lines.length === 1 ? "line" : "lines"}
          </span>
          <Losses of="lines" />
          {live && (
            <button
              type="button"
              class="button small"
              aria-pressed={follow}
              title="Scrolling up stops following; the end starts it again"
              onClick={() => setFollow(!follow)}
            >
              {follow ? "Following" : "Follow"}
            </button>
          )}
        </span>
      </header>
      {filter.trace !== "" && (
        <p class="filter-line">
          Lines of trace <a href={traceHref(filter.trace)}>{filter.trace}</a>
          <button type="button" class="button small" onClick={() => setQuery({ trace: undefined })}>
            Show all
          </button>
        </p>
      )}
      {leftOut !== undefined && (
        <p class="filter-line" role="status">
          More came at once than this page holds:{" "}
          {isFiltered ? "lines" : `${formatCount(leftOut.lines)} lines`} before {formatTime(leftOut.before)}{" "}
          were left out.
        </p>
      )}
      {lines.length > 0 && <ErrorLine message={error?.message} />}
      {loading && <Loading what="logs" />}
      {!loading && lines.length === 0 && error !== undefined && <ErrorState error={error} />}
      {!loading && lines.length === 0 && error === undefined && (
        <EmptyState title={isFiltered ? "No line fits" : "No lines yet"}>
          {!isFiltered
            ? "What the workers say appears here."
            : live
              ? "Loosen the search; new lines appear here by themselves."
              : "Loosen the search, or take more time."}
        </EmptyState>
      )}
      {lines.length > 0 && (
        <div class={`trace-body ${line === undefined ? "" : "with-panel"}`}>
          <VirtualList
            items={lines}
            rowHeight={narrow ? narrowRowHeight : rowHeight}
            label="Log lines"
            class="log-list"
            idOf={(one) => one.id}
            follow={follow}
            onFollow={setFollow}
            onTop={tail.loadOlder}
          >
            {(one) => (
              <LogLine
                key={one.id}
                line={one}
                selected={one.id === line?.id}
                onSelect={() => setLine(one.id === line?.id ? undefined : one)}
              />
            )}
          </VirtualList>
          {line !== undefined && (
            <LogPanel
              line={line}
              onClose={() => setLine(undefined)}
              onTrace={(trace) => setQuery({ trace, text: "" })}
            />
          )}
        </div>
      )}
    </div>
  );
}

function Filters({ filter }: { filter: LogFilter }) {
  const services = useServices();
  const [text, setText] = useState(filter.text);
  useEffect(() => setText(filter.text), [filter.text]);
  // Each key would be a search of its own.
  useEffect(() => {
    const timer = setTimeout(() => setQuery({ text }), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  const ids = (instances.value ?? [])
    .filter(({ service }) => filter.service === "" || service === filter.service)
    .map(({ id }) => id);
  return (
    <>
      <input
        class="input grow"
        type="search"
        placeholder="Search the text"
        aria-label="Search the text"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <select
        class="input"
        aria-label="Service"
        value={filter.service}
        onChange={(event) => setQuery({ service: event.currentTarget.value, instance: "" })}
      >
        <option value="">All services</option>
        {services.map((service) => (
          <option key={service} value={service}>
            {service}
          </option>
        ))}
      </select>
      <select
        class="input"
        aria-label="Instance"
        value={filter.instance}
        onChange={(event) => setQuery({ instance: event.currentTarget.value })}
      >
        <option value="">All instances</option>
        {ids.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      <select
        class="input"
        aria-label="Level"
        value={filter.level}
        onChange={(event) => setQuery({ level: event.currentTarget.value })}
      >
        <option value="">All levels</option>
        {levels.slice(1).map((level) => (
          <option key={level} value={level}>
            {level === "error" ? level : `${level} and above`}
          </option>
        ))}
      </select>
    </>
  );
}
