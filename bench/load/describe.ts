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
