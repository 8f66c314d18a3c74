/** A path of topology.yaml taken apart: `/v1/products/{id}/{rest*}`. */
export interface UrlPath {
  /** Names of the parameters, in order, without the star. */
  readonly parameters: readonly string[];
  /** The same for paths that match the same requests: parameters' names do not count. */
  readonly shape: string;
  /** Why the path is no path, when it is none. */
  readonly fault?: string;
}

export function parseUrlPath(path: string): UrlPath {
  const parameters: string[] = [];
  const shape: string[] = [];
  let fault: string | undefined;
  const parts = path.split("/").slice(1);
  for (const [index, part] of parts.entries()) {
    const match = /^\{([A-Za-z_][A-Za-z0-9_]*)(\*?)\}$/.exec(part);
    if (!match) {
      if (/[{}*]/.test(part)) fault ??= `"${part}" is neither a plain part nor a {parameter}`;
      shape.push(part);
      continue;
    }
    const [, name = "", star = ""] = match;
    if (parameters.includes(name)) fault ??= `the parameter {${name}} is there twice`;
    if (star && index < parts.length - 1)
      fault ??= `{${name}*} takes all that follows and must be the last part`;
    parameters.push(name);
    shape.push(star ? "{*}" : "{}");
  }
  return { parameters, shape: `/${shape.join("/")}`, ...(fault === undefined ? {} : { fault }) };
}
