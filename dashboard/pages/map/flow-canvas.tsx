import { useEffect, useRef } from "preact/hooks";
import { colourOf, dark } from "../../theme.ts";
import type { Camera } from "./camera.ts";
import type { Flow, FlowEdge } from "./flow.ts";

export interface FlowCanvasProps {
  readonly flow: Flow;
  readonly edges: readonly FlowEdge[];
  readonly camera: Camera;
  readonly size: { readonly width: number; readonly height: number };
  readonly paused: boolean;
}

/** A sharper picture than this costs frames and is seen by nobody: dots have no fine detail. */
const maxPixelRatio = 2;
const dotRadius = 3.1;

/** Draws the flow once a frame, as long as something moves. */
export function FlowCanvas({ flow, edges, camera, size, paused }: FlowCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef(camera);
  view.current = camera;
  flow.update(edges);
  const isDark = dark.value;

  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext("2d");
    if (context === null || size.width === 0) return;
    const ratio = Math.min(maxPixelRatio, devicePixelRatio);
    element.width = Math.round(size.width * ratio);
    element.height = Math.round(size.height * ratio);
    const colours = { call: colourOf("--call"), event: colourOf("--event"), failed: colourOf("--bad") };
    let last: number | undefined;
    let frame = 0;
    const draw = (now: number) => {
      flow.advance(last === undefined ? 0 : now - last);
      last = now;
      const { x, y, scale } = view.current;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, element.width, element.height);
      context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
      paint(context, flow, colours);
      frame = !paused && !flow.isStill ? requestAnimationFrame(draw) : 0;
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [flow, edges, size, paused, isDark, paused ? camera : undefined]);

  return <canvas ref={canvas} class="map-flow" />;
}

/** One path a colour: a fill for all its dots. */
function paint(
  context: CanvasRenderingContext2D,
  flow: Flow,
  colours: { readonly call: string; readonly event: string; readonly failed: string },
): void {
  for (const colour of ["call", "event", "failed"] as const) {
    context.beginPath();
    flow.each((x, y, kind, failed) => {
      if ((failed ? "failed" : kind === "call" ? "call" : "event") !== colour) return;
      const radius = failed ? dotRadius * 1.35 : dotRadius;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, Math.PI * 2);
    });
    context.fillStyle = colours[colour];
    context.fill();
  }
}
