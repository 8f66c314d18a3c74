import type { RouteConfig } from "../runtime/topology/model.ts";

/** Which methods a path takes, asked only when no route fits a request. */
export class RouteTable {
  readonly #patterns: readonly { readonly pattern: RegExp; readonly methods: readonly string[] }[];

  constructor(routes: readonly RouteConfig[]) {
    this.#patterns = [
      ...routes.map(({ path, methods }) => ({ pattern: patternOf(path), methods })),
      { pattern: /^\/(?:healthz|readyz)$/, methods: ["GET"] },
    ];
  }

  /** For `Allow`; empty when the path is nobody's. */
  methodsOf(path: string): string[] {
    const found = new Set<string>();
    for (const { pattern, methods } of this.#patterns) {
      if (pattern.test(path)) for (const method of methods) found.add(method);
    }
    if (found.has("GET")) found.add("HEAD");
    return [...found].sort();
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .split(/(\{[^{}]+\})/)
    .map((part) => {
      if (!part.startsWith("{")) return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
      return part.endsWith("*}") ? ".+" : "[^/]+";
    })
    .join("");
  return new RegExp(`^${source}$`);
}
