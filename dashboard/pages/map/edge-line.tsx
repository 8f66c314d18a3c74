import { formatRate } from "../format.ts";
import type { Curve } from "./curve.ts";
import type { MapEdge } from "./model.ts";

export interface EdgeLineProps {
  readonly edge: MapEdge;
  readonly curve: Curve;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

export const kindWords = { call: "calls", publish: "publishes", delivery: "is delivered" } as const;

/** A line, and a wide unseen one over it for the pointer. */
export function EdgeLine({ edge, curve, selected, onSelect }: EdgeLineProps) {
  const busy = edge.ratePerSecond > 0;
  const failing = edge.errorsPerSecond > 0 && edge.errorsPerSecond / edge.ratePerSecond > 0.01;
  const width = busy ? 1.25 + Math.min(3, Math.log10(1 + edge.ratePerSecond) * 0.8) : 1.25;
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onSelect();
  };
  return (
    <g
      class={`edge ${edge.kind} ${busy ? "busy" : ""} ${failing ? "failing" : ""} ${selected ? "selected" : ""}`}
      role="button"
      tabindex={0}
      aria-pressed={selected}
      aria-label={`${edge.from} ${kindWords[edge.kind]} ${edge.to}: ${formatRate(edge.ratePerSecond)}`}
      data-edge={edge.id}
      onClick={onSelect}
      onKeyDown={pressed}
    >
      <path
        class="edge-line"
        d={curve.d}
        stroke-width={width}
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
