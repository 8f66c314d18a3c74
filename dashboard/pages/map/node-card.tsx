import type { LiveInstance } from "../../../runtime/telemetry/query.ts";
import { formatMs, formatRate } from "../format.ts";
import type { Box } from "./layout.ts";
import type { MapNode } from "./model.ts";

/** Cells that have room; the rest is a number. */
const maxCells = 14;

export interface NodeCardProps {
  readonly node: MapNode;
  readonly box: Box;
  readonly selected: boolean;
  /** Someone looks at others. */
  readonly dim: boolean;
  /** Where the Tab key enters the map. */
  readonly entry: boolean;
  readonly onSelect: () => void;
  readonly onPoint: (on: boolean) => void;
}

export function NodeCard({ node, box, selected, dim, entry, onSelect, onPoint }: NodeCardProps) {
  const { name, role, instances } = node;
  const place = {
    width: `${box.width}px`,
    height: `${box.height}px`,
    transform: `translate(${box.x - box.width / 2}px, ${box.y - box.height / 2}px)`,
  };
  if (role === "clients") {
    return (
      <div class={`node clients ${dim ? "dim" : ""}`} style={place}>
        clients
      </div>
    );
  }
  const health = healthOf(instances);
  return (
    <button
      type="button"
      class={`node ${role} ${health} ${selected ? "selected" : ""} ${dim ? "dim" : ""}`}
      style={place}
      tabIndex={entry ? 0 : -1}
      aria-pressed={selected}
      data-service={name}
      onClick={onSelect}
      onPointerEnter={() => onPoint(true)}
      onPointerLeave={() => onPoint(false)}
    >
      <span class="node-head">
        <span class="node-name" title={name}>
          {name}
        </span>
        {role !== "service" && role !== name && <span class="node-role">{role}</span>}
      </span>
      {role !== "observer" && <Stats node={node} />}
      <span class="unseen"> {readiness(instances)}</span>
      <span class="cells">
        {instances.slice(0, maxCells).map((instance) => (
          <Cell key={instance.id} instance={instance} />
        ))}
        {instances.length > maxCells && <span class="cells-more">+{instances.length - maxCells}</span>}
      </span>
    </button>
  );
}

function Stats({ node }: { node: MapNode }) {
  const { ratePerSecond, errorsPerSecond, p99Ms } = node;
  const failing = ratePerSecond > 0 && errorsPerSecond > 0;
  return (
    <span class="node-stats">
      <span class="node-rate">
        {formatRate(ratePerSecond)}
        {node.role === "broker" && " published"}
      </span>
      {failing && (
        <span class="node-errors" title="of what it was asked for failed">
          {share(errorsPerSecond / ratePerSecond)}
          <span class="unit"> errors</span>
        </span>
      )}
      {ratePerSecond > 0 && (
        <span class="node-p99" title="99 of 100 are answered within this">
          <span class="unit">p99 </span>
          {formatMs(p99Ms)}
        </span>
      )}
    </span>
  );
}

/** Its colour is the state, its filling the load of the instance's own core. */
function Cell({ instance }: { instance: LiveInstance }) {
  const { id, state, generation, cpu } = instance;
  // In steps of five: a hair more is seen by nobody, and is painted again.
  const load = Math.round(Math.min(1, cpu) * 20) * 5;
  return (
    <span
      class={`cell ${state}`}
      title={`${id} (generation ${generation}): ${state}, ${load} % of a core`}
      data-instance={id}
      data-state={state}
    >
      <span class="cell-load" style={{ transform: `scaleY(${Math.max(0.06, load / 100)})` }} />
    </span>
  );
}

export function healthOf(instances: readonly LiveInstance[]): "well" | "partly" | "down" {
  const ready = instances.filter(({ state }) => state === "ready" || state === "unknown").length;
  if (ready === instances.length) return "well";
  return ready === 0 ? "down" : "partly";
}

/** In words, for who does not see the cells. */
function readiness(instances: readonly LiveInstance[]): string {
  return `${instances.filter(({ state }) => state === "ready").length} of ${instances.length} ready`;
}

export function share(part: number): string {
  const percent = part * 100;
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
