/** What a person sees while a run goes on: one line, written over again on a terminal, else one every few seconds. */
import { latency, whole } from "./figures.ts";
import { LatencyHistogram } from "../load/histogram.ts";
import type { Second } from "../load/result.ts";

const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const sparkSeconds = 24;
const plainEverySeconds = 5;

/** One character a value, against the highest; NaN is a gap. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(0, ...values.filter(Number.isFinite));
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return " ";
      const share = highest === 0 ? 0 : Math.max(0, value) / highest;
      return bars[Math.min(bars.length - 1, Math.floor(share * bars.length))]!;
    })
    .join("");
}

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  readonly #screen: Screen;
  readonly #rates: number[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  warmingUp(elapsedMs: number): void {
    if (this.#screen.isTTY) this.#over(`warming up, ${(elapsedMs / 1000).toFixed(1)} s`);
  }

  second(second: Second, of: number): void {
    this.#rates.push(second.replied);
    const histogram = LatencyHistogram.decode(second.corrected);
    const line = [
      `${Math.min(second.second + 1, of)}/${of} s`,
      `${whole(second.replied)}/s`,
      `p50 ${latency(histogram.percentileMs(50))}`,
      `p99 ${latency(histogram.percentileMs(99))}`,
      `max ${latency(histogram.maxMs)}`,
      `${whole(second.failed + second.bad)} failed`,
      sparkline(this.#rates.slice(-sparkSeconds)),
    ].join("  ");
    if (this.#screen.isTTY) this.#over(line);
    else if ((second.second + 1) % plainEverySeconds === 0) this.#screen.write(`${line}\n`);
  }

  done(): void {
    if (this.#screen.isTTY) this.#over("");
  }

  #over(line: string): void {
    this.#screen.write(`\r\x1b[2K${line.slice(0, (this.#screen.columns ?? 120) - 1)}`);
  }
}
