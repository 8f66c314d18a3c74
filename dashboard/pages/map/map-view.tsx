import { useMemo, useRef, useState } from "preact/hooks";
import { query, setQuery } from "../../router.ts";
import { type CameraControl, useCamera } from "./camera.ts";
import { Cards } from "./cards.tsx";
import { type Curve, curveOf } from "./curve.ts";
import { Arrows, EdgeLine } from "./edge-line.tsx";
import { Find } from "./find.tsx";
import { Flow, type FlowEdge, scaleFor } from "./flow.ts";
import { FlowCanvas } from "./flow-canvas.tsx";
import { drawn, type Layout, layoutOf, shapeOf } from "./layout.ts";
import { Legend } from "./legend.tsx";
import type { MapEdge, MapModel } from "./model.ts";
import { type Chosen, found, type Spot, spotOf } from "./spotlight.ts";
import { useRoom } from "./use-room.ts";

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
/** Smaller than this a card shows its name alone, larger. */
const farScale = 0.6;
/** From here on one looks for a service by its name. */
const manyServices = 12;

export interface MapViewProps {
  readonly model: MapModel;
  /** Figures come. */
  readonly live: boolean;
  /** They do not any more. */
  readonly stale: boolean;
}

export function MapView({ model, live, stale }: MapViewProps) {
  const stage = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(still);
  const [pointed, setPointed] = useState<Chosen>({});
  const [text, setText] = useState("");
  const flow = useMemo(() => new Flow(), []);
  const layout = useLayout(model);
  const control = useCamera(stage, layout);
  const { camera, size } = control;
  const chosen = {
    service: query.value.get("service") ?? undefined,
    edge: query.value.get("edge") ?? undefined,
  };
  const matches = found(model, text);
  const spot =
    spotOf(model, pointed) ??
    (matches.length > 0 ? { nodes: new Set(matches), edges: new Set<string>() } : spotOf(model, chosen));
  const { edges, curves, flowing } = useEdges(model, layout, spot);
  const select = (next: Chosen) => {
    const same = next.edge === undefined ? next.service === chosen.service : next.edge === chosen.edge;
    setQuery(
      { service: undefined, edge: undefined, ...(same ? {} : next) },
      { replace: chosen.service !== undefined || chosen.edge !== undefined },
    );
  };
  const go = (name: string) => {
    setText("");
    control.show(layout.nodes.get(name));
    if (name !== chosen.service) select({ service: name });
  };
  const world = {
    width: `${layout.width}px`,
    height: `${layout.height}px`,
    transform: `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`,
  };
  return (
    <div class="map">
      <div class="map-bar">
        <Zoom control={control} />
        {model.nodes.length > manyServices && (
          <Find
            text={text}
            matches={matches.length}
            onText={setText}
            onGo={() => matches[0] && go(matches[0])}
          />
        )}
        <Legend
          scale={scaleFor(flowing.map(({ ratePerSecond }) => ratePerSecond))}
          paused={paused}
          live={live}
          onPause={() => setPaused(!paused)}
        />
      </div>
      <div ref={stage} class="map-stage">
        <svg class="map-world map-edges" style={world} aria-label="Edges" role="group">
          <Arrows />
          {edges.map((edge) => (
            <EdgeLine
              key={edge.id}
              edge={edge}
              curve={curves.get(edge.id)!}
              selected={edge.id === chosen.edge}
              thin={layout.density === "compact"}
              dim={spot?.edges.has(edge.id) === false}
              onSelect={() => select({ edge: edge.id })}
              onPoint={(on) => setPointed(on ? { edge: edge.id } : {})}
            />
          ))}
        </svg>
        <FlowCanvas flow={flow} edges={flowing} camera={camera} size={size} paused={paused || stale} />
        <Cards
          model={model}
          layout={layout}
          world={world}
          far={camera.scale < farScale}
          spot={spot}
          chosen={chosen.service}
          control={control}
          onSelect={select}
          onPoint={setPointed}
        />
      </div>
      <p class="map-hint" aria-hidden="true">
        <kbd>←</kbd> <kbd>↑</kbd> <kbd>↓</kbd> <kbd>→</kbd> move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd>{" "}
        closes
      </p>
    </div>
  );
}

function useLayout(model: MapModel): Layout {
  const room = useRoom();
  const shape = shapeOf(model);
  return useMemo(() => layoutOf(model, room), [shape, room.width, room.height]);
}

interface Edges {
  readonly edges: readonly MapEdge[];
  readonly curves: ReadonlyMap<string, Curve>;
  readonly flowing: readonly FlowEdge[];
}

function useEdges(model: MapModel, layout: Layout, spot: Spot | undefined): Edges {
  const curves = useMemo(
    () => new Map<string, Curve>([...layout.edges].map(([id, corners]) => [id, curveOf(corners)])),
    [layout],
  );
  const edges = useMemo(() => drawn(layout, model.edges), [layout, model]);
  const lit = spot === undefined ? "" : [...spot.edges].sort().join();
  const flowing = useMemo(
    () =>
      edges.map((edge): FlowEdge => {
        const dim = spot?.edges.has(edge.id) === false;
        return { ...edge, curve: curves.get(edge.id)!, dim };
      }),
    [edges, curves, spot === undefined, lit],
  );
  return { edges, curves, flowing };
}

function Zoom({ control: { zoom, fit } }: { control: CameraControl }) {
  return (
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
  );
}
