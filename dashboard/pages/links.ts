/** Addresses of pages, for links from one to another. */

export function traceHref(traceId: string): string {
  return `/traces/${encodeURIComponent(traceId)}`;
}

export function logsHref(traceId: string): string {
  return `/logs?trace=${encodeURIComponent(traceId)}`;
}

export function topicHref(topic: string, tab = ""): string {
  return `/bus/${encodeURIComponent(topic)}${tab === "" ? "" : `?tab=${tab}`}`;
}

export function tableHref(service: string, table: string): string {
  return `/data/${encodeURIComponent(service)}/${encodeURIComponent(table)}`;
}

export function operationHref(id: string): string {
  return `/requests/${encodeURIComponent(id)}`;
}
