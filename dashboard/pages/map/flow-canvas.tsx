import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { colourOf, dark } from "../../theme.ts";
import type { Camera } from "./camera.ts";
import type { Flow, FlowEdge } from "./flow.ts";
import { FlowPainter } from "./flow-painter.ts";

export interface FlowCanvasProps {
  readonly flow: Flow;
  readonly edges: readonly FlowEdge[];
  readonly camera: Camera;
  readonly size: { readonly width: number; readonly height: number };
  readonly paused: boolean;
}

export function FlowCanvas({ flow, edges, camera, size, paused }: FlowCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<FlowPainter>(undefined);
  const isDark = dark.value;
  useLayoutEffect(() => {
    const made = new FlowPainter(canvas.current!, flow);
    painter.current = made;
    return () => made.stop();
  }, [flow]);
  // Each on its own: a new graph every second must neither make a new canvas nor ask for colours again.
  useLayoutEffect(() => painter.current!.resize(size), [size.width, size.height]);
  useEffect(() => {
    painter.current!.colours = {
      call: colourOf("--call"),
      event: colourOf("--event"),
      failed: colourOf("--bad"),
    };
  }, [isDark]);
  useLayoutEffect(() => {
    painter.current!.camera = camera;
  }, [camera.x, camera.y, camera.scale]);
  useEffect(() => {
    painter.current!.paused = paused;
  }, [paused]);
  useEffect(() => {
    flow.update(edges);
    painter.current!.wake();
  }, [flow, edges]);
  return <canvas ref={canvas} class="map-flow" />;
}
