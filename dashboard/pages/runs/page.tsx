import type { Comparison, RunFacts } from "../../../runtime/control/runs/model.ts";
import { withQuery } from "../../api.ts";
import { EmptyState, ErrorLine, ErrorState } from "../../components/states.tsx";
import { Spring, Toolbar } from "../../components/toolbar.tsx";
import { icons } from "../../icons.ts";
import type { Page } from "../../page.ts";
import { recording } from "../../recording.ts";
import { query, setQuery } from "../../router.ts";
import { formatSince } from "../format.ts";
import { Loading } from "../loading.tsx";
import { usePolled } from "../polled.ts";
import { ChangeTable } from "./change-table.tsx";
import { RunCards } from "./run-cards.tsx";
import { OverlaidCharts } from "./overlaid-charts.tsx";
import { type Pair, pairOf, stretchOf } from "./pair.ts";
import { Deeds, TopologyChanges } from "./differences.tsx";
import { type Runs, useRuns } from "./use-runs.ts";
import "./runs.css";

const lookMs = 5000;

/** Two runs side by side: this one, and recordings of others. */
function RunsPage() {
  const runs = useRuns();
  const { data, error, busy, problem } = runs;
  const pair = data === undefined ? undefined : pairOf(data, query.value);
  return (
    <div class="page runs-page">
      <Toolbar label="Runs">
        <h1>Runs</h1>
        {pair !== undefined && <Choices runs={data ?? []} pair={pair} />}
        {busy !== undefined && (
          <span class="muted" role="status">
            {busy}
          </span>
        )}
        <Spring />
        <FileButton runs={runs} />
        <ExportLink />
      </Toolbar>
      <ErrorLine message={problem} />
      {data === undefined && error !== undefined && <ErrorState error={error} retry={runs.refresh} />}
      {data !== undefined && pair === undefined && <Nothing runs={data} />}
      {pair !== undefined && <SideBySide pair={pair} onClose={runs.close} />}
    </div>
  );
}

function SideBySide({ pair: { a, b }, onClose }: { pair: Pair; onClose: (id: string) => void }) {
  const stretch = stretchOf(query.value);
  const path = withQuery("/api/runs/compare", { a: a.id, b: b.id, ...stretch });
  const { data, error, refresh } = usePolled<Comparison>(path, a.live || b.live ? lookMs : undefined);
  if (data === undefined) {
    return error === undefined ? <Loading what="both runs" /> : <ErrorState error={error} retry={refresh} />;
  }
  const chosen = data.rows.find((row) => `${row.kind} ${row.name}` === query.value.get("row"));
  return (
    <>
      <ErrorLine message={error?.message} />
      <RunCards pair={{ a, b }} comparison={data} onClose={onClose} />
      <OverlaidCharts pair={{ a, b }} comparison={data} row={chosen} />
      {stretch !== undefined && (
        <p class="filter-line">
          Figures are of {formatSince(stretch.fromMs)} to {formatSince(stretch.toMs)} after each start
          <button
            type="button"
            class="button small"
            onClick={() => setQuery({ from: undefined, to: undefined })}
          >
            All of both
          </button>
        </p>
      )}
      <ChangeTable rows={data.rows} chosen={chosen} />
      <TopologyChanges changes={data.topology} />
      <Deeds comparison={data} />
    </>
  );
}

function Choices({ runs, pair }: { runs: readonly RunFacts[]; pair: Pair }) {
  const choose = (side: "a" | "b") => (event: { currentTarget: { value: string } }) => {
    const id = event.currentTarget.value;
    const other = side === "a" ? "b" : "a";
    // The same run twice says nothing: the two change places.
    const swapped = pair[other].id === id ? pair[side].id : pair[other].id;
    setQuery({ [side]: id, [other]: swapped });
  };
  return (
    <>
      {(["a", "b"] as const).map((side) => (
        <label key={side} class="field">
          <span class={`side-letter ${side}`}>{side.toUpperCase()}</span>
          <select class="select" value={pair[side].id} onChange={choose(side)}>
            {runs.map((run) => (
              <option key={run.id} value={run.id}>
                {titleOf(run)}
              </option>
            ))}
          </select>
        </label>
      ))}
      <button type="button" class="button" onClick={() => setQuery({ a: pair.b.id, b: pair.a.id })}>
        Swap
      </button>
    </>
  );
}

export function titleOf({ id, name, file, live }: RunFacts): string {
  if (live) return `${name}, this run`;
  return id === "current" ? `${file ?? name}, shown here` : (file ?? name);
}

function FileButton({ runs }: { runs: Runs }) {
  return (
    <label class="button file-button">
      Open a recording
      <input
        type="file"
        class="unseen"
        accept=".microcosm"
        disabled={runs.busy !== undefined}
        onChange={(event) => {
          const input = event.currentTarget;
          const file = input.files?.[0];
          // Without this the same file could not be chosen again.
          input.value = "";
          if (file !== undefined) runs.add(file);
        }}
      />
    </label>
  );
}

/** The server makes the file while the browser saves it. */
function ExportLink() {
  if (recording.value !== undefined) return null;
  return (
    <a class="button primary" href="/api/export" download>
      Export this run
    </a>
  );
}

function Nothing({ runs }: { runs: readonly RunFacts[] }) {
  if (runs.length === 0) {
    return (
      <EmptyState title="There is nothing to compare">
        Telemetry is off: telemetry.enabled is false in the topology.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="One run so far">
      <p>
        {recording.value === undefined
          ? "Export this run, change what you want to try, and start it again. Then open the file here: both runs are laid side by side, aligned by their starts."
          : "Open another recording here: both runs are laid side by side, aligned by their starts."}
      </p>
      <p class="muted">
        In a terminal: <code>microcosm export</code>, <code>microcosm open FILE</code>,{" "}
        <code>microcosm compare A B</code>
      </p>
    </EmptyState>
  );
}

export const page: Page = { path: "/runs", title: "Runs", icon: icons.runs, component: RunsPage };
