import { useMemo, useRef, useState } from "preact/hooks";
import { query, setQuery } from "../../router.ts";
import { useCamera } from "./camera.ts";
import { type Curve, curveOf } from "./curve.ts";
import { Arrows, EdgeLine } from "./edge-line.tsx";
import { Flow, type FlowEdge } from "./flow.ts";
import { FlowCanvas } from "./flow-canvas.tsx";
import { drawn, layoutOf, shapeOf } from "./layout.ts";
import { Legend } from "./legend.tsx";
import type { MapModel } from "./model.ts";
import { NodeCard } from "./node-card.tsx";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

export function MapView({ model, live }: { model: MapModel; live: boolean }) {
  const stage = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(still);
  const flow = useMemo(() => new Flow(), []);
  const shape = shapeOf(model);
  const layout = useMemo(() => layoutOf(model), [shape]);
  const curves = useMemo(
    () => new Map<string, Curve>([...layout.edges].map(([id, corners]) => [id, curveOf(corners)])),
    [layout],
  );
  const { camera, size, zoom, fit } = useCamera(stage, layout);
  const edges = useMemo(() => drawn(layout, model.edges), [layout, model]);
  const flowing = useMemo(
    () => edges.map((edge): FlowEdge => ({ ...edge, curve: curves.get(edge.id)! })),
    [edges, curves],
  );
  const service = query.value.get("service");
  const chosenEdge = query.value.get("edge");
  const select = (chosen: { service?: string; edge?: string }) => {
    const same = chosen.service === service || (chosen.edge !== undefined && chosen.edge === chosenEdge);
    setQuery(
      { service: undefined, edge: undefined, ...(same ? {} : chosen) },
      { replace: service !== null || chosenEdge !== null },
    );
  };
  return (
    <div class="map">
      <div ref={stage} class="map-stage">
        <div
          class="map-world"
          style={{
            width: `${layout.width}px`,
            height: `${layout.height}px`,
            transform: `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`,
          }}
        >
          <svg class="map-edges" width={layout.width} height={layout.height} aria-label="Edges" role="group">
            <Arrows />
            {edges.map((edge) => (
              <EdgeLine
                key={edge.id}
                edge={edge}
                curve={curves.get(edge.id)!}
                selected={edge.id === chosenEdge}
                onSelect={() => select({ edge: edge.id })}
              />
            ))}
          </svg>
          {model.nodes.map((node) => {
            const box = layout.nodes.get(node.name);
            return box === undefined ? null : (
              <NodeCard
                key={node.name}
                node={node}
                box={box}
                selected={node.name === service}
                onSelect={() => select({ service: node.name })}
              />
            );
          })}
        </div>
        <FlowCanvas flow={flow} edges={flowing} camera={camera} size={size} paused={paused} />
      </div>
      <Legend scale={flow.scale} paused={paused} live={live} onPause={() => setPaused(!paused)} />
      <div class="map-zoom" role="group" aria-label="Zoom">
        <button type="button" class="button icon" aria-label="Larger" onClick={() => zoom(1.25)}>
          +
        </button>
        <button type="button" class="button icon" aria-label="Smaller" onClick={() => zoom(0.8)}>
          −
        </button>
        <button type="button" class="button" onClick={fit}>
          Fit
        </button>
      </div>
    </div>
  );
}
