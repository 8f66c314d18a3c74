import type { RouteConfig } from "../../topology/model.ts";

/** A parameter of a path: its name, and whether it takes several segments (`{rest*}`), for which OpenAPI has no word. */
export interface PathParameter {
  readonly name: string;
  readonly rest: boolean;
}

export interface PathGroup {
  /** As OpenAPI writes it: `/v1/files/{rest}`. */
  readonly path: string;
  readonly parameters: readonly PathParameter[];
  readonly routes: readonly RouteConfig[];
}

/**
 * Routes by path. Templates that differ only in the names of their parameters are one path to OpenAPI (§4.8.8.2), so the
 * first route's names stand for all.
 */
export function groupByPath(routes: readonly RouteConfig[]): PathGroup[] {
  const groups = new Map<string, { path: string; parameters: PathParameter[]; routes: RouteConfig[] }>();
  for (const route of routes) {
    const shape = route.path.replace(/\{[^{}*]+(\*?)\}/g, "{$1}");
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, { ...split(route.path), routes: [route] });
    else group.routes.push(route);
  }
  return [...groups.values()];
}

function split(path: string): { path: string; parameters: PathParameter[] } {
  const parameters: PathParameter[] = [];
  const written = path.replace(/\{([^{}*]+)(\*?)\}/g, (_, name: string, star: string) => {
    parameters.push({ name, rest: star === "*" });
    return `{${name}}`;
  });
  return { path: written, parameters };
}

/** `GET /v1/products/{id}` → `getV1ProductsById`. */
export function operationId(method: string, path: string): string {
  const words = path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => {
      const parts = segment.split(/(\{[^{}]+\})/).filter((part) => part !== "");
      return parts.map((part) => (part.startsWith("{") ? `By${camel(part)}` : camel(part))).join("");
    });
  return method.toLowerCase() + (words.join("") || "Root");
}

function camel(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
