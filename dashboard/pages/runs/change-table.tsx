import type { ComparedRow, ComparedSide } from "../../../runtime/comparison/compare.ts";
import { Segments } from "../../components/choice.tsx";
import { Panel } from "../../components/panel.tsx";
import { EmptyState } from "../../components/states.tsx";
import { Table, type TableColumn } from "../../components/table.tsx";
import { query, setQuery } from "../../router.ts";
import { formatMs, formatRate } from "../format.ts";

const kinds = [
  { key: "all", text: "All" },
  { key: "route", text: "Routes" },
  { key: "edge", text: "Edges" },
  { key: "service", text: "Services" },
] as const;

/** Of a time: less than a fifth more or less is no change to speak of. */
const notable = 1.2;
/** Rows that are in sight at once. */
const maxRowsInSight = 12;
const rowHeight = 34;

/** What changed most per route, edge and service. A click draws it above. */
export function ChangeTable({
  rows,
  chosen,
}: {
  rows: readonly ComparedRow[];
  chosen: ComparedRow | undefined;
}) {
  const kind = kinds.find(({ key }) => key === query.value.get("kind"))?.key ?? "all";
  const shown = rows.filter((row) => kind === "all" || kind === groupOf(row));
  const height = `${(Math.min(Math.max(shown.length, 1), maxRowsInSight) + 1) * rowHeight}px`;
  return (
    <Panel
      title="What changed most"
      flush
      class="changes"
      actions={
        <Segments label="Rows" options={kinds} chosen={kind} onChoose={(key) => setQuery({ kind: key })} />
      }
    >
      {shown.length === 0 ? (
        <EmptyState title="No requests and no events in this time" />
      ) : (
        <div class="changes-box" style={{ height }}>
          <Table
            label="Changes, the largest first"
            columns={columns}
            items={shown}
            idOf={idOf}
            rowHeight={rowHeight}
            selected={chosen && idOf(chosen)}
            onSelect={(row) => setQuery({ row: idOf(row) })}
          />
        </div>
      )}
      {shown.some(({ thin }) => thin) && (
        <p class="muted changes-note">Pale rows have fewer than 100 calls in one of the runs.</p>
      )}
    </Panel>
  );
}

function idOf({ kind, name }: ComparedRow): string {
  return `${kind} ${name}`;
}

function groupOf({ kind }: ComparedRow): "route" | "edge" | "service" {
  return kind === "route" || kind === "service" ? kind : "edge";
}

const columns: readonly TableColumn<ComparedRow>[] = [
  {
    title: "What",
    width: "minmax(0, 3fr)",
    cell: (row) => (
      <span class={`change-name ${row.thin ? "thin" : ""}`} title={row.name}>
        <span class="change-kind">{row.kind}</span> {row.name}
      </span>
    ),
  },
  { title: "Rate", width: "minmax(0, 1.3fr)", number: true, cell: (row) => <Both row={row} of={rateOf} /> },
  {
    title: "Errors",
    width: "minmax(0, 1.1fr)",
    number: true,
    cell: (row) => <Both row={row} of={errorsOf} />,
  },
  { title: "p50", width: "minmax(0, 1.5fr)", number: true, cell: (row) => <Both row={row} of={p50Of} /> },
  { title: "p50 B/A", width: "64px", number: true, cell: ({ ratios }) => <Ratio value={ratios.p50} /> },
  { title: "p99", width: "minmax(0, 1.5fr)", number: true, cell: (row) => <Both row={row} of={p99Of} /> },
  { title: "p99 B/A", width: "64px", number: true, cell: ({ ratios }) => <Ratio value={ratios.p99} /> },
];

const rateOf = (side: ComparedSide) => formatRate(side.ratePerSecond);
const errorsOf = ({ errors, errorShare }: ComparedSide) =>
  errors === 0 ? "0" : `${(errorShare * 100).toFixed(1)} %`;
const p50Of = (side: ComparedSide) => formatMs(side.p50Ms);
const p99Of = (side: ComparedSide) => formatMs(side.p99Ms);

function Both({ row: { a, b }, of }: { row: ComparedRow; of: (side: ComparedSide) => string }) {
  const [before, after] = [a === undefined ? "–" : of(a), b === undefined ? "–" : of(b)];
  if (before === after) return <span class="muted">{after}</span>;
  return (
    <span>
      <span class="muted">{before} →</span> {after}
    </span>
  );
}

function Ratio({ value }: { value: number | undefined }) {
  if (value === undefined) return <span class="muted">–</span>;
  const tone = value >= notable ? "slower" : value <= 1 / notable ? "faster" : "muted";
  return <span class={tone}>×{value.toFixed(2)}</span>;
}
