/** Longer ones are cut: they are the client's choice. In UTF-16 units. */
const maxLength = 512;

/** `url.path` and `url.query` of a path with its query. */
export function pathAttributes(pathAndQuery: string): Record<string, string> {
  const mark = pathAndQuery.indexOf("?");
  if (mark < 0) return { "url.path": pathAndQuery.slice(0, maxLength) };
  const end = Math.min(mark, maxLength);
  return {
    "url.path": pathAndQuery.slice(0, end),
    "url.query": pathAndQuery.slice(mark + 1, mark + 1 + maxLength),
  };
}

/** `url.full` of a call: services are addressed as if each were a host. */
export function fullUrl(service: string, pathAndQuery: string): string {
  return `http://${service}${pathAndQuery.slice(0, maxLength)}`;
}

/** Any other is the client's choice: no name of a span and no series of its own. */
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export function isKnownMethod(method: string): boolean {
  return methods.has(method);
}

/** What stands for the method in a span's name. */
export function methodName(method: string): string {
  return methods.has(method) ? method : "HTTP";
}

export function methodAttributes(method: string): Record<string, string> {
  return methods.has(method)
    ? { "http.request.method": method }
    : { "http.request.method": "_OTHER", "http.request.method_original": method };
}
