/** Steps of the colour wheel from 25° to 335°: the red between is left to errors. */
const steps = 25;
const firstDegree = 25;
const range = 310;
/** Chosen so that the shop's services are far apart. */
const seed = 7800;

/** The same colour for the same name, in every view and every run (FNV-1a with a seed of its own). */
export function hueOf(service: string): string {
  let hash = seed;
  for (let i = 0; i < service.length; i++) hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193) >>> 0;
  return String(Math.round(firstDegree + ((hash % steps) * range) / (steps - 1)));
}
