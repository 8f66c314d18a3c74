import type { MetricPoint } from "../model.ts";

/**
 * One text for each series, whatever the order of its labels. Hot path: asked for with every point. Written out, since
 * JSON with a list of keys takes five times as long.
 */
export function seriesKey(name: string, kind: MetricPoint["kind"], labels: MetricPoint["labels"]): string {
  let key = `${name}\0${kind}`;
  for (const label of Object.keys(labels).sort()) key += `\0${label}\0${labels[label]}`;
  return key;
}
