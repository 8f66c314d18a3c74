import { useRef, useState } from "preact/hooks";
import type { CameraControl } from "./camera.ts";
import type { Layout } from "./layout.ts";
import type { MapModel } from "./model.ts";
import { NodeCard } from "./node-card.tsx";
import { type Chosen, neighbour, type Spot } from "./spotlight.ts";
import "./cards.css";

interface CardsProps {
  readonly model: MapModel;
  readonly layout: Layout;
  readonly world: Readonly<Record<string, string>>;
  readonly far: boolean;
  readonly spot: Spot | undefined;
  readonly chosen: string | undefined;
  readonly control: CameraControl;
  readonly onSelect: (next: Chosen) => void;
  readonly onPoint: (next: Chosen) => void;
}

/** One tab stop; the arrow keys go from card to card. */
export function Cards({ model, layout, world, far, spot, chosen, control, onSelect, onPoint }: CardsProps) {
  const cards = useRef<HTMLDivElement>(null);
  const [entry, setEntry] = useState<string>();
  const first = chosen ?? entry ?? model.nodes.find(({ role }) => role === "gateway")?.name;
  const pressed = (event: KeyboardEvent) => {
    const from = (event.target as HTMLElement).dataset.service;
    const to = from === undefined ? undefined : neighbour(layout, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    setEntry(to);
    control.show(layout.nodes.get(to));
    cards.current
      ?.querySelector<HTMLElement>(`[data-service="${CSS.escape(to)}"]`)
      ?.focus({ preventScroll: true });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the cards in it are buttons
    <div
      ref={cards}
      class={`map-world map-cards ${layout.density} ${far ? "far" : ""}`}
      style={world}
      onKeyDown={pressed}
    >
      {model.nodes.map((node) => {
        const box = layout.nodes.get(node.name);
        return box === undefined ? null : (
          <NodeCard
            key={node.name}
            node={node}
            box={box}
            selected={node.name === chosen}
            dim={spot?.nodes.has(node.name) === false}
            entry={node.name === first}
            onSelect={() => onSelect({ service: node.name })}
            onPoint={(on) => onPoint(on ? { service: node.name } : {})}
          />
        );
      })}
    </div>
  );
}
