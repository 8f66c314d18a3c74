import type { Comparison, RunFacts } from "../../../runtime/control/runs/model.ts";
import { Icon } from "../../components/icon.tsx";
import { icons } from "../../icons.ts";
import { formatDay, formatSince, formatTime } from "../format.ts";
import type { Pair } from "./pair.ts";

interface RunCardsProps {
  readonly pair: Pair;
  readonly comparison: Comparison;
  readonly onClose: (id: string) => void;
}

/** What the two runs are, and where and when they ran. */
export function RunCards({ pair, comparison, onClose }: RunCardsProps) {
  return (
    <div class="run-cards">
      {(["a", "b"] as const).map((side) => (
        <Card
          key={side}
          side={side}
          run={pair[side]}
          durationMs={comparison[side].durationMs}
          onClose={onClose}
        />
      ))}
    </div>
  );
}

interface CardProps {
  readonly side: "a" | "b";
  readonly run: RunFacts;
  readonly durationMs: number;
  readonly onClose: (id: string) => void;
}

function Card({ side, run, durationMs, onClose }: CardProps) {
  const { id, name, file, live, startedAt, mode, versions, machine } = run;
  return (
    <section class={`panel run-card ${side}`} aria-label={`Run ${side.toUpperCase()}`}>
      <span class={`side-letter ${side}`}>{side.toUpperCase()}</span>
      <div class="run-card-text">
        <h2>
          {name} <span class="muted">{live ? "this run, still going on" : file}</span>
        </h2>
        <p>
          {formatDay(startedAt)}, {formatTime(startedAt).slice(0, 8)}, for {formatSince(durationMs)}
        </p>
        <p class="muted">
          {mode === "monolith" ? "one process" : "processes"} · Microcosm {versions.microcosm}
          {machine === undefined ? "" : ` · ${machine}`}
        </p>
      </div>
      {id !== "current" && (
        <button
          type="button"
          class="button quiet icon"
          aria-label={`Close ${file ?? name}`}
          onClick={() => onClose(id)}
        >
          <Icon path={icons.close} />
        </button>
      )}
    </section>
  );
}
