import { formatCount } from "../format.ts";

export interface LegendProps {
  /** Requests a dot stands for. */
  readonly scale: number;
  readonly paused: boolean;
  /** Figures come. */
  readonly live: boolean;
  readonly onPause: () => void;
}

export function Legend({ scale, paused, live, onPause }: LegendProps) {
  return (
    <div class="legend">
      {live ? (
        <>
          <span class="legend-item">
            <span class="legend-dot call" aria-hidden="true" /> call
          </span>
          <span class="legend-item">
            <span class="legend-dot event" aria-hidden="true" /> event
          </span>
          <span class="legend-item">
            <span class="legend-dot failed" aria-hidden="true" /> error
          </span>
          <span class="legend-scale">
            1 dot = {formatCount(scale)} {scale === 1 ? "request" : "requests"}
          </span>
          <button type="button" class="button small quiet" aria-pressed={paused} onClick={onPause}>
            {paused ? "Move" : "Pause"}
          </button>
        </>
      ) : (
        <span class="muted">No telemetry yet: states only</span>
      )}
    </div>
  );
}
