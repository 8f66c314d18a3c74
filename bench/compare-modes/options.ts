export const parts = ["load", "crash", "scale"] as const;
export type Part = (typeof parts)[number];

export interface CompareModesOptions {
  readonly topology: string;
  /** File of the load: whole visits. */
  readonly scenarioFile: string;
  /** File of the load under which a service crashes: single requests, each step a route. */
  readonly routesFile: string;
  /** Asked until it answers 200: that is when a start is over. */
  readonly readyPath: string;
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Of one measurement. */
  readonly measureMs: number;
  /** Turns a second of the open loop; undefined: half of what the slower mode can do. */
  readonly rate: number | undefined;
  readonly clients: number;
  readonly crash: string;
  /** Of the requests around the crash. */
  readonly crashRate: number;
  readonly scale: { readonly service: string; readonly instances: number; readonly path: string };
  readonly seed: number;
}

export const monolith = "monolith";
export const microservices = "microservices";
export const contenders = [monolith, microservices] as const;
export type Mode = (typeof contenders)[number];
