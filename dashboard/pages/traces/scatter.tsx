import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TraceSummary } from "../../../runtime/telemetry/query.ts";
import { now } from "../../recording.ts";
import { navigate } from "../../router.ts";
import { colourOf, dark } from "../../theme.ts";
import { formatMs, formatTime, formatWhen } from "../format.ts";
import { traceHref } from "../links.ts";
import { type Frame, frameOf, nearest, placeOf } from "./scatter-frame.ts";

const dotPx = 2.5;
/** A click this near to a dot means it. */
const reachPx = 14;

/**
 * Every trace of the list as a dot: when, and how long. Outliers and errors stand out among thousands; a click opens the
 * trace. Pointers only: the list below has the same for the keyboard.
 */
export function TraceScatter({ traces }: { traces: readonly TraceSummary[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [near, setNear] = useState<TraceSummary>();
  const isDark = dark.value;
  const frame = frameOf(traces, size);
  useLayoutEffect(() => {
    const element = canvas.current!;
    const look = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, []);
  useEffect(() => paint(canvas.current!, traces, frame), [traces, size, isDark]);
  const pointed = ({ offsetX, offsetY }: MouseEvent) =>
    nearest(traces, frame, { x: offsetX, y: offsetY }, reachPx);
  const place = near === undefined ? undefined : placeOf(near, frame);
  return (
    <div class="scatter" aria-hidden="true">
      <span class="scatter-scale">{formatMs(frame.longestMs)}</span>
      <canvas
        ref={canvas}
        class={near === undefined ? undefined : "near"}
        onPointerMove={(event) => setNear(pointed(event))}
        onPointerLeave={() => setNear(undefined)}
        onClick={(event) => {
          const trace = pointed(event);
          if (trace !== undefined) navigate(traceHref(trace.traceId));
        }}
      />
      <span class="scatter-scale low">{formatMs(frame.shortestMs)}</span>
      <p class="scatter-times">
        <span>{formatWhen(frame.from, now())}</span>
        <span>{formatWhen(frame.to, now())}</span>
      </p>
      {near !== undefined && place !== undefined && (
        <span
          class={`scatter-tip ${place.x > size.width / 2 ? "left" : ""}`}
          style={{ "--x": `${place.x}px`, "--y": `${place.y}px` }}
        >
          <strong>{near.name}</strong> {formatMs(near.durationMs)}{" "}
          <span class="muted">{formatTime(near.startMs)}</span>
        </span>
      )}
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, traces: readonly TraceSummary[], frame: Frame): void {
  const context = canvas.getContext("2d");
  if (context === null || frame.width === 0) return;
  const ratio = Math.min(2, devicePixelRatio);
  canvas.width = Math.round(frame.width * ratio);
  canvas.height = Math.round(frame.height * ratio);
  context.scale(ratio, ratio);
  // Errors last: they lie on top.
  for (const [status, colour] of [
    ["ok", colourOf("--chart-1")],
    ["error", colourOf("--bad")],
  ] as const) {
    context.fillStyle = colour;
    context.globalAlpha = status === "ok" ? 0.45 : 0.9;
    for (const trace of traces) {
      if (trace.status !== status) continue;
      const { x, y } = placeOf(trace, frame);
      context.fillRect(x - dotPx, y - dotPx, dotPx * 2, dotPx * 2);
    }
  }
}
