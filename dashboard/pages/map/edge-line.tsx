import { formatRate } from "../format.ts";
import type { Curve } from "./curve.ts";
import type { MapEdge } from "./model.ts";

export interface EdgeLineProps {
  readonly edge: MapEdge;
  readonly curve: Curve;
  readonly selected: boolean;
  /** There are many others. */
  readonly thin: boolean;
  /** Someone looks at others. */
  readonly dim: boolean;
  readonly onSelect: () => void;
  readonly onPoint: (on: boolean) => void;
}

export const kindWords = { call: "calls", publish: "publishes", delivery: "is delivered" } as const;

/** A line, and a wide unseen one over it for the pointer. The keyboard reaches it from the panels of its ends. */
export function EdgeLine({ edge, curve, selected, thin, dim, onSelect, onPoint }: EdgeLineProps) {
  const busy = edge.ratePerSecond > 0;
  const failing = edge.errorsPerSecond > 0 && edge.errorsPerSecond / edge.ratePerSecond > 0.01;
  const most = thin ? 1.4 : 3;
  const width = busy ? 1.25 + Math.min(most, Math.log10(1 + edge.ratePerSecond) * most * 0.27) : 1.25;
  // In steps: one line that is a hair wider has all of them painted again.
  const shown = Math.round(width * 2) / 2;
  return (
    <g
      class={`edge ${edge.kind} ${busy ? "busy" : ""} ${failing ? "failing" : ""} ${selected ? "selected" : ""} ${dim ? "dim" : ""}`}
      role="button"
      tabindex={-1}
      aria-pressed={selected}
      aria-label={`${edge.from} ${kindWords[edge.kind]} ${edge.to}: ${formatRate(edge.ratePerSecond)}`}
      data-edge={edge.id}
      onClick={onSelect}
      onPointerEnter={() => onPoint(true)}
      onPointerLeave={() => onPoint(false)}
    >
      <path
        class="edge-line"
        d={curve.d}
        stroke-width={shown}
        marker-end={`url(#arrow-${busy ? edge.kind : "idle"})`}
      />
      <path class="edge-hit" d={curve.d} />
    </g>
  );
}

/** Arrow heads, one a colour: a marker does not take its line's. */
export function Arrows() {
  return (
    <defs>
      {["idle", "call", "publish", "delivery"].map((kind) => (
        <marker
          key={kind}
          id={`arrow-${kind}`}
          class={`arrow ${kind}`}
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 .8 7.5 4 0 7.2z" />
        </marker>
      ))}
    </defs>
  );
}
