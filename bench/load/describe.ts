import { formatDuration } from "../../runtime/topology/duration.ts";
import type { LoadPlan } from "./plan.ts";

const number = (value: number) => value.toLocaleString("en");

/** `1,000 requests a second, poisson`, `50 clients`. */
export function arrivalsText({ loop, scenarioFile, bus }: LoadPlan): string {
  if (loop.kind === "closed") {
    const think = loop.thinkMs === 0 ? "" : `, ${formatDuration(loop.thinkMs)} think time`;
    return `${number(loop.clients)} ${bus === undefined ? "clients" : "publishers"} in a closed loop${think}`;
  }
  const what = bus !== undefined ? "events" : scenarioFile === undefined ? "requests" : "turns";
  const { arrivals } = loop;
  switch (arrivals.kind) {
    case "constant":
    case "poisson":
      return `${number(arrivals.rate)} ${what} a second, ${arrivals.kind}`;
    case "ramp":
      return `ramp from ${number(arrivals.from)} to ${number(arrivals.to)} ${what} a second over ${formatDuration(arrivals.overMs)}`;
    case "step":
      return `steps of ${arrivals.rates.map(number).join(", ")} ${what} a second, ${formatDuration(arrivals.everyMs)} each`;
    case "spike":
      return `${number(arrivals.rate)} ${what} a second, a spike of ${number(arrivals.peak)} for ${formatDuration(arrivals.forMs)}`;
    case "trace":
      return `a trace of ${number(arrivals.timesMs.length)} ${what}`;
  }
}

/** What is counted: a server answers a request, a broker delivers an event. */
export function wordsOf({ bus }: LoadPlan): {
  readonly request: string;
  readonly replies: string;
  readonly none: string;
  readonly begun: string;
  /** A broker has none. */
  readonly hasStatus: boolean;
} {
  return bus === undefined
    ? {
        request: "request",
        replies: "answers",
        none: "no answer",
        begun: "Begun, answered and failed requests",
        hasStatus: true,
      }
    : {
        request: "step",
        replies: "deliveries",
        none: "failed",
        begun: "Published, delivered and failed events",
        hasStatus: false,
      };
}
