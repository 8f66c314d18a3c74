import { useState } from "preact/hooks";
import type { DataCell, DataColumn, DataPage } from "../../../runtime/control/data/model.ts";
import { formatCount } from "../format.ts";
import { usePolled } from "../polled.ts";
import { CloseButton } from "../../components/close-button.tsx";
import { EmptyState, ErrorState } from "../../components/states.tsx";
import { Loading } from "../loading.tsx";
import { Cell, WholeCell } from "./cell.tsx";

const pageRows = 50;

/** A page of a table's rows, its schema, and one row in full. */
export function TableView({ service, table }: { service: string; table: string }) {
  const [after, setAfter] = useState(0);
  const [order, setOrder] = useState("");
  const [view, setView] = useState<"rows" | "schema">("rows");
  const [row, setRow] = useState<number>();
  const parameters = new URLSearchParams({ limit: String(pageRows), after: String(after) });
  if (order !== "") parameters.set("order", order);
  const path = `/api/data/${encodeURIComponent(service)}/${encodeURIComponent(table)}?${parameters}`;
  const { data, error, refresh } = usePolled<DataPage>(path, undefined);
  if (error !== undefined) return <ErrorState error={error} retry={refresh} />;

  const turn = (place: number) => {
    setAfter(place);
    setRow(undefined);
  };
  const sort = (column: string) => {
    setOrder(order === column ? `-${column}` : column);
    turn(0);
  };
  const chosen = row === undefined ? undefined : data?.rows[row];
  return (
    <section class="data-table" aria-label={`${service}.${table}`}>
      <header class="toolbar">
        <h2 class="data-title">
          {service}.<strong>{table}</strong>
        </h2>
        <span class="choices">
          <button
            type="button"
            class="button small"
            aria-pressed={view === "rows"}
            onClick={() => setView("rows")}
          >
            Rows
          </button>
          <button
            type="button"
            class="button small"
            aria-pressed={view === "schema"}
            onClick={() => setView("schema")}
          >
            Schema
          </button>
        </span>
        <button
          type="button"
          class="button small"
          onClick={() => {
            setOrder(order === "-" ? "" : "-");
            turn(0);
          }}
          aria-pressed={order === "-"}
        >
          Newest first
        </button>
        <button type="button" class="button small" onClick={refresh}>
          Refresh
        </button>
        {data !== undefined && <Paging data={data} after={after} onTurn={turn} />}
      </header>
      {data === undefined && <Loading what={table} />}
      {data !== undefined && view === "schema" && <pre class="code data-schema">{data.schema}</pre>}
      {data !== undefined && view === "rows" && (
        <div class={`trace-body ${chosen === undefined ? "" : "with-panel"}`}>
          <Rows data={data} order={order} row={row} onRow={setRow} onSort={sort} />
          {chosen !== undefined && (
            <RowPanel columns={data.columns} cells={chosen} onClose={() => setRow(undefined)} />
          )}
        </div>
      )}
    </section>
  );
}

function Paging({ data, after, onTurn }: { data: DataPage; after: number; onTurn: (after: number) => void }) {
  const { rows, table, next } = data;
  const range = rows.length === 0 ? "0" : `${formatCount(after + 1)}–${formatCount(after + rows.length)}`;
  return (
    <span class="paging">
      <button
        type="button"
        class="button small"
        disabled={after === 0}
        onClick={() => onTurn(Math.max(0, after - pageRows))}
        aria-label="Previous page"
      >
        ←
      </button>
      <span class="number" role="status">
        {range} of {formatCount(table.rows)}
        {!table.exact && "+"}
      </span>
      <button
        type="button"
        class="button small"
        disabled={next === undefined}
        onClick={() => onTurn(next!)}
        aria-label="Next page"
      >
        →
      </button>
    </span>
  );
}

interface RowsProps {
  readonly data: DataPage;
  readonly order: string;
  readonly row: number | undefined;
  readonly onRow: (row: number) => void;
  readonly onSort: (column: string) => void;
}

function Rows({ data, order, row, onRow, onSort }: RowsProps) {
  if (data.rows.length === 0) {
    return (
      <EmptyState title="No rows">
        {data.table.rows === 0 ? "This table is empty." : "This page is empty."}
      </EmptyState>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls both ways, by keyboard too
    <div class="table-box" tabIndex={0} role="region" aria-label="Rows">
      <table class="grid-table data-rows">
        <thead>
          <tr>
            {data.columns.map((column) => (
              <Head key={column.name} column={column} order={order} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((cells, index) => (
            <tr key={index} class={row === index ? "active" : ""} onClick={() => onRow(index)}>
              {cells.map((cell, at) => (
                <td key={data.columns[at]!.name} class={isNumber(cell) ? "number" : ""}>
                  {at === 0 ? (
                    <button type="button" class="row-button" onClick={() => onRow(index)}>
                      <Cell cell={cell} />
                    </button>
                  ) : (
                    <Cell cell={cell} />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const isNumber = (cell: DataCell) => cell.type === "integer" || cell.type === "real";

function Head({
  column,
  order,
  onSort,
}: {
  column: DataColumn;
  order: string;
  onSort: (column: string) => void;
}) {
  const { name, type, key, sortable } = column;
  const direction = order === name ? "ascending" : order === `-${name}` ? "descending" : undefined;
  const about = `${name} ${type}${key > 0 ? ", primary key" : ""}`;
  const arrow = direction === undefined ? "" : direction === "ascending" ? " ↑" : " ↓";
  return (
    <th scope="col" aria-sort={direction}>
      {sortable ? (
        <button type="button" class="sort-button" title={`Order by ${about}`} onClick={() => onSort(name)}>
          {name}
          {arrow}
        </button>
      ) : (
        <span title={about}>{name}</span>
      )}
      <small class="muted">{key > 0 ? `${type} key` : type}</small>
    </th>
  );
}

interface RowPanelProps {
  readonly columns: readonly DataColumn[];
  readonly cells: readonly DataCell[];
  readonly onClose: () => void;
}

function RowPanel({ columns, cells, onClose }: RowPanelProps) {
  return (
    <aside class="span-panel" aria-label="Row">
      <header class="span-panel-head">
        <h2>Row</h2>
        <CloseButton label="Close details" onClose={onClose} />
      </header>
      <dl class="facts stacked">
        {columns.map((column, at) => (
          <div key={column.name}>
            <dt>{column.name}</dt>
            <dd>
              <WholeCell cell={cells[at]!} />
            </dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
