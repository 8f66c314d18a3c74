import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Box } from "./layout.ts";

/** Where the map lies below the stage: stage = map × scale + offset. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface CameraControl {
  readonly camera: Camera;
  readonly size: { readonly width: number; readonly height: number };
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
  /** Moves what is out of sight into the middle. */
  readonly show: (box: Box | undefined) => void;
}

const maxScale = 2.5;
const minScale = 0.15;
/** Smaller than this nothing can be read: a fit on a phone shows a part, which is moved by finger. */
const minFitScale = 0.6;
const maxFitScale = 1.15;
/** A press that moves less is a click. */
const dragSlackPx = 4;

/** Fits the map into the stage until someone moves it: wheel and buttons zoom, dragging moves. */
export function useCamera(
  stage: RefObject<HTMLDivElement | null>,
  map: { readonly width: number; readonly height: number },
): CameraControl {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [moved, setMoved] = useState<Camera | undefined>();
  const fitted = fitOf(size, map);
  const camera = moved ?? fitted;
  const latest = useRef(camera);
  latest.current = camera;

  const zoomAt = (factor: number, x: number, y: number) => {
    const { x: dx, y: dy, scale } = latest.current;
    const next = Math.max(minScale, Math.min(maxScale, scale * factor));
    setMoved({ x: x - (x - dx) * (next / scale), y: y - (y - dy) * (next / scale), scale: next });
  };

  useLayoutEffect(() => {
    const element = stage.current!;
    const look = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      zoomAt(Math.exp(-event.deltaY * 0.0015), event.clientX - left, event.clientY - top);
    };
    const stopDragging = draggable(element, (dx, dy) => {
      const { x, y, scale } = latest.current;
      setMoved({ x: x + dx, y: y + dy, scale });
    });
    // Not passive: the page must not scroll along.
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      stopDragging();
      element.removeEventListener("wheel", wheel);
    };
  }, []);

  return {
    camera,
    size,
    zoom: (factor) => zoomAt(factor, size.width / 2, size.height / 2),
    fit: () => setMoved(undefined),
    show: (box) => {
      const { x, y, scale } = latest.current;
      if (box === undefined) return;
      const at = { x: box.x * scale + x, y: box.y * scale + y };
      const half = { x: (box.width * scale) / 2, y: (box.height * scale) / 2 };
      const isSeen =
        at.x >= half.x && at.y >= half.y && at.x <= size.width - half.x && at.y <= size.height - half.y;
      if (!isSeen) setMoved({ x: x + size.width / 2 - at.x, y: y + size.height / 2 - at.y, scale });
    },
  };
}

function fitOf(stage: { width: number; height: number }, map: { width: number; height: number }): Camera {
  if (stage.width === 0 || map.width === 0) return { x: 0, y: 0, scale: 1 };
  const all = Math.min(stage.width / map.width, stage.height / map.height);
  const floor = stage.width < 720 ? minFitScale : minScale;
  const scale = Math.max(floor, Math.min(maxFitScale, all));
  return {
    x: (stage.width - map.width * scale) / 2,
    y: Math.max(0, (stage.height - map.height * scale) / 2),
    scale,
  };
}

/** Calls `move` with each bit of a drag; swallows the click at its end. Returns how to stop. */
function draggable(element: HTMLElement, move: (dx: number, dy: number) => void): () => void {
  let last: { x: number; y: number } | undefined;
  let travelled = 0;
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    last = { x: event.clientX, y: event.clientY };
    travelled = 0;
  };
  const moving = (event: PointerEvent) => {
    if (last === undefined) return;
    const dx = event.clientX - last.x;
    const dy = event.clientY - last.y;
    const before = travelled;
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled < dragSlackPx) return;
    if (before < dragSlackPx) element.setPointerCapture(event.pointerId);
    last = { x: event.clientX, y: event.clientY };
    move(dx, dy);
  };
  const up = () => {
    last = undefined;
  };
  const clicked = (event: MouseEvent) => {
    if (travelled >= dragSlackPx) event.stopPropagation();
    travelled = 0;
  };
  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", moving);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", up);
  element.addEventListener("click", clicked, { capture: true });
  return () => {
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", moving);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", up);
    element.removeEventListener("click", clicked, { capture: true });
  };
}
