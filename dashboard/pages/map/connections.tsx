import { formatRate } from "../format.ts";
import { clients, type MapEdge } from "./model.ts";

/** What leads to a service and from it; each line opens the edge's panel, also for who cannot point at a line in the map. */
export function Connections({ name, edges }: { name: string; edges: readonly MapEdge[] }) {
  const own = edges.filter(({ from, to }) => from === name || to === name);
  if (own.length === 0) return null;
  return (
    <>
      <h3>Connections</h3>
      <ul class="topics">
        {own.map((edge) => (
          <li key={edge.id}>
            <a class="truncate" href={`/map?edge=${encodeURIComponent(edge.id)}`}>
              {wordsOf(edge, name)}
            </a>
            <span class="number">
              {edge.errorsPerSecond > 0 && (
                <span class="bad-text">{formatRate(edge.errorsPerSecond)} failed of </span>
              )}
              {formatRate(edge.ratePerSecond)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function wordsOf({ from, to, kind }: MapEdge, name: string): string {
  if (kind === "publish") return from === name ? "publishes events" : `events of ${from}`;
  if (kind === "delivery") return to === name ? "is delivered events" : `events to ${to}`;
  if (from === name) return `calls ${to}`;
  return from === clients ? "called by clients" : `called by ${from}`;
}
