/**
 * Paths of routes. A request's path is matched and rewritten as it came, percent-encoding and all: decoding a
 * parameter here and encoding it again for the service is where `%2F` turns into a slash.
 */

/**
 * Escapes of characters that need none are undone, so that `/v1/%75sers` is `/v1/users` for the router, for the cache
 * and for the service alike (RFC 3986 §6.2.2.2). Dots are left: the URL parser has resolved `.` and `..`, encoded or not.
 */
export function normalizePath(path: string): string {
  if (!path.includes("%")) return path;
  return path.replace(/%([0-9A-Fa-f]{2})/g, (escaped, digits: string) => {
    const char = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9\-_~]/.test(char) ? char : escaped.toUpperCase();
  });
}

/** Text, parameter, text, parameter…: `/v1/orders/{id}/cancel` is `["/v1/orders/", "id", "/cancel"]`. */
interface Template {
  readonly texts: readonly string[];
  readonly names: readonly string[];
  /** The last parameter is `{name*}` and takes all that follows. */
  readonly rest: boolean;
}

function parseTemplate(path: string): Template {
  const parts = path.split(/\{([^{}]+)\}/);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const names = parts.filter((_, index) => index % 2 === 1);
  const rest = names.at(-1)?.endsWith("*") ?? false;
  return { texts, names: names.map((name) => name.replace(/\*$/, "")), rest };
}

/** The pattern for Hono's router. Names are replaced by positions: two routes may name the same part differently. */
export function honoPattern(path: string): string {
  const { texts, names, rest } = parseTemplate(path);
  return texts.reduce((pattern, text, index) => {
    const wildcard = rest && index === names.length ? "{.+}" : "";
    return `${pattern}:p${index - 1}${wildcard}${text}`;
  });
}

/** Literal parts sort before parameters, and those before `{rest*}`: the most exact route is asked first. */
export function compareSpecificity(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = rank(left[i]) - rank(right[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: string | undefined): number {
  if (segment === undefined) return 0;
  if (!segment.includes("{")) return 1;
  return segment.endsWith("*}") ? 3 : 2;
}

export type Rewrite = (path: string) => string;

/**
 * Makes the path at the service from the path at the gateway. `path` must match `pattern`; every parameter of
 * `target` must be one of the pattern's. Cut out by index, because it runs for each request.
 */
export function compileRewrite(pattern: string, target: string): Rewrite {
  const from = parseTemplate(pattern);
  const to = parseTemplate(target);
  const order = to.names.map((name) => from.names.indexOf(name));
  const unknown = to.names[order.indexOf(-1)];
  if (unknown !== undefined) throw new TypeError(`${target}: {${unknown}} is not a parameter of ${pattern}`);
  if (order.length === 0) return () => target;
  if (pattern === target) return (path) => path;

  const head = from.texts[0] ?? "";
  const before = to.texts[0] ?? "";
  if (from.names.length === 1 && order.length === 1) {
    const after = to.texts[1] ?? "";
    const tail = (from.texts[1] ?? "").length;
    return (path) => before + path.slice(head.length, path.length - tail) + after;
  }
  return (path) => {
    const values = cut(from, path);
    let rewritten = before;
    for (let i = 0; i < order.length; i++) rewritten += values[order[i]!]! + to.texts[i + 1]!;
    return rewritten;
  };
}

function cut(template: Template, path: string): string[] {
  const values: string[] = [];
  let at = template.texts[0]!.length;
  for (let i = 0; i < template.names.length; i++) {
    const last = i === template.names.length - 1;
    const slash = path.indexOf("/", at);
    const end = (last && template.rest) || slash < 0 ? path.length : slash;
    const value = path.slice(at, end);
    values.push(value);
    at = end + template.texts[i + 1]!.length;
  }
  return values;
}
