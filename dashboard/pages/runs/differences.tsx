import { changeText, type TopologyChange } from "../../../runtime/comparison/topology-diff.ts";
import type { Comparison } from "../../../runtime/control/runs/model.ts";
import { weightOf } from "../../charts/weight.ts";
import { Panel } from "../../components/panel.tsx";
import { formatSince } from "../format.ts";

/** Lines of one list; the file has them all. */
const maxLines = 200;

/** What was written differently in the two topologies. */
export function TopologyChanges({ changes }: { changes: readonly TopologyChange[] }) {
  return (
    <Panel title="Topology">
      {changes.length === 0 ? (
        <p class="muted">Both ran the same topology.</p>
      ) : (
        <ul class="topology-changes">
          {changes.slice(0, maxLines).map((change) => (
            <li key={change.path} class={change.change}>
              {changeText(change)}
            </li>
          ))}
          {changes.length > maxLines && <li class="muted">and {changes.length - maxLines} more</li>}
        </ul>
      )}
    </Panel>
  );
}

/** What was done to each, and what fell. */
export function Deeds({ comparison }: { comparison: Comparison }) {
  return (
    <div class="run-cards">
      {(["a", "b"] as const).map((side) => {
        const told = comparison[side].timeline.filter((entry) => weightOf(entry) !== "change");
        return (
          <Panel
            key={side}
            title={
              <>
                <span class={`side-letter ${side}`}>{side.toUpperCase()}</span> What was done
              </>
            }
          >
            {told.length === 0 ? (
              <p class="muted">Nothing in this time.</p>
            ) : (
              <ol class="deeds">
                {told.slice(-maxLines).map((entry) => (
                  <li key={`${entry.at} ${entry.text}`} class={weightOf(entry)}>
                    <span class="number muted">+{formatSince(entry.at)}</span> {entry.text}
                  </li>
                ))}
              </ol>
            )}
          </Panel>
        );
      })}
    </div>
  );
}
