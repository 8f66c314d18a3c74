/**
 * Hot path: once a frame, without layout, without a new object. A dot is a small picture made once and copied: a path of
 * all circles cost the rasteriser three times as much.
 */
import type { Camera } from "./camera.ts";
import type { Flow, FlowEdge } from "./flow.ts";

export type DotColours = Readonly<Record<"call" | "event" | "failed", string>>;
type DotPictures = Readonly<Record<keyof DotColours, HTMLCanvasElement>>;

/** A sharper picture than this costs frames and is seen by nobody: dots have no fine detail. */
const maxPixelRatio = 2;
const dotRadius = 3.1;
const failedRadius = 4.2;
/** Smaller than this on the screen, a dot could not be seen. */
const minRadiusPx = 1.9;
const dimAlpha = 0.12;

/** Draws the flow as long as something moves. */
export class FlowPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #flow: Flow;
  #colours: DotColours | undefined;
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  #ratio = 1;
  #dots: DotPictures | undefined;
  #paused = false;
  #frame = 0;
  #last: number | undefined;

  constructor(canvas: HTMLCanvasElement, flow: Flow) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("This browser draws on no canvas.");
    this.#canvas = canvas;
    this.#context = context;
    this.#flow = flow;
  }

  resize({ width, height }: { readonly width: number; readonly height: number }): void {
    this.#ratio = Math.min(maxPixelRatio, devicePixelRatio);
    this.#canvas.width = Math.round(width * this.#ratio);
    this.#canvas.height = Math.round(height * this.#ratio);
    this.#dots = undefined;
    this.wake();
  }

  set colours(colours: DotColours) {
    this.#colours = colours;
    this.#dots = undefined;
    this.wake();
  }

  set camera(camera: Camera) {
    if (camera.scale !== this.#camera.scale) this.#dots = undefined;
    this.#camera = camera;
    this.wake();
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.wake();
  }

  /** Draws one frame, and goes on while something moves. */
  wake(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#draw);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  readonly #draw = (now: number): void => {
    const moves = !this.#paused;
    if (moves) this.#flow.advance(this.#last === undefined ? 0 : now - this.#last);
    this.#last = moves ? now : undefined;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#dots ??= this.#pictures();
    if (this.#dots !== undefined) this.#flow.each(this.#dot);
    this.#context.globalAlpha = 1;
    const goesOn = moves && !this.#flow.isStill;
    if (!goesOn) this.#last = undefined;
    this.#frame = goesOn ? requestAnimationFrame(this.#draw) : 0;
  };

  readonly #dot = (x: number, y: number, edge: FlowEdge, failed: boolean): void => {
    const picture = this.#dots![failed ? "failed" : edge.kind === "call" ? "call" : "event"];
    const { scale } = this.#camera;
    const half = picture.width / 2;
    this.#context.globalAlpha = edge.dim === true ? dimAlpha : 1;
    this.#context.drawImage(
      picture,
      (x * scale + this.#camera.x) * this.#ratio - half,
      (y * scale + this.#camera.y) * this.#ratio - half,
    );
  };

  #pictures(): DotPictures | undefined {
    const colours = this.#colours;
    if (colours === undefined) return undefined;
    const picture = (radius: number, colour: string) => {
      const pixels = Math.max(minRadiusPx, radius * this.#camera.scale) * this.#ratio;
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = Math.ceil(pixels) * 2 + 2;
      const context = canvas.getContext("2d")!;
      context.arc(canvas.width / 2, canvas.width / 2, pixels, 0, Math.PI * 2);
      context.fillStyle = colour;
      context.fill();
      return canvas;
    };
    return {
      call: picture(dotRadius, colours.call),
      event: picture(dotRadius, colours.event),
      failed: picture(failedRadius, colours.failed),
    };
  }
}
