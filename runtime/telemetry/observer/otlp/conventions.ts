import { metric } from "../../names.ts";

/**
 * Metrics leave under the names and attributes of OpenTelemetry's semantic conventions
 * (https://opentelemetry.io/docs/specs/semconv/), and come in as ours. Ours are shorter, because they are the labels of
 * charts, of Prometheus and of the command line. What is not named here is the same on both sides.
 */
interface Convention {
  readonly name: string;
  /** Of our labels, what their attributes are called. */
  readonly attributes: Readonly<Record<string, string>>;
  /** On every point. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Whether points that say all this mean the same when another program made them. */
  readonly shared: boolean;
}

const messaging = { "messaging.system.name": "microcosm" } as const;

const conventions: Readonly<Record<string, Convention>> = {
  [metric.serverDuration]: {
    name: "http.server.request.duration",
    attributes: { status: "http.response.status_code" },
    fixed: { "url.scheme": "http" },
    shared: true,
  },
  // Elsewhere `server.address` is a host, not a service of the run.
  [metric.clientDuration]: {
    name: "http.client.request.duration",
    attributes: { to: "server.address" },
    fixed: {},
    shared: false,
  },
  [metric.databaseDuration]: {
    name: "db.client.operation.duration",
    attributes: { operation: "db.operation.name" },
    fixed: { "db.system.name": "sqlite" },
    shared: true,
  },
  [metric.publishDuration]: {
    name: "messaging.client.operation.duration",
    attributes: { topic: "messaging.destination.name" },
    fixed: { ...messaging, "messaging.operation.name": "publish", "messaging.operation.type": "send" },
    shared: false,
  },
  [metric.processDuration]: {
    name: "messaging.process.duration",
    attributes: {
      topic: "messaging.destination.name",
      subscription: "messaging.destination.subscription.name",
    },
    fixed: { ...messaging, "messaging.operation.name": "process", "messaging.operation.type": "process" },
    shared: false,
  },
  [metric.rss]: { name: "process.memory.usage", attributes: {}, fixed: {}, shared: true },
};
const byTheirName = new Map(Object.entries(conventions).map(([ours, { name }]) => [name, ours]));

const [methodAttribute, routeAttribute, failure] = [
  "http.request.method",
  "http.route",
  "error.type",
] as const;
/** The conventions' word for an error that has no name. */
const otherError = "_OTHER";

type Labels = Readonly<Record<string, string>>;
type Attributes = Readonly<Record<string, string | number>>;

/** A point of ours as it leaves; the labels without service and instance, which are its resource's. */
export function conventional(name: string, labels: Labels): { name: string; attributes: Attributes } {
  const convention = conventions[name];
  if (convention === undefined) return { name, attributes: labels };
  const { outcome, route, ...others } = labels;
  const attributes: Record<string, string | number> = { ...convention.fixed };
  for (const [label, value] of Object.entries(others)) {
    attributes[convention.attributes[label] ?? label] = label === "status" ? Number(value) : value;
  }
  if (route !== undefined) Object.assign(attributes, routeParts(route));
  if (outcome === "error") attributes[failure] = others.status ?? otherError;
  return { name: convention.name, attributes };
}

/** The same the other way. `isOurs`: another run of Microcosm made the point. */
export function internal(
  theirName: string,
  attributes: Labels,
  isOurs: boolean,
): { name: string; labels: Labels } {
  const name = byTheirName.get(theirName);
  const convention = name === undefined ? undefined : conventions[name];
  if (name === undefined || convention === undefined || !(isOurs || convention.shared)) {
    return { name: theirName, labels: attributes };
  }
  const labels: Record<string, string> = {};
  const ours = new Map(Object.entries(convention.attributes).map(([label, attribute]) => [attribute, label]));
  const { [methodAttribute]: method, [routeAttribute]: path, [failure]: failed, ...others } = attributes;
  for (const [key, value] of Object.entries(others)) {
    if (convention.fixed[key] !== value) labels[ours.get(key) ?? key] = value;
  }
  if (path !== undefined) labels.route = method === undefined ? path : `${method} ${path}`;
  else if (method !== undefined) labels[methodAttribute] = method;
  if (name !== metric.rss) labels.outcome = failed === undefined ? "ok" : "error";
  return { name, labels };
}

/** `GET /v1/products/{id}` as two attributes; a word for requests without a route stays one. */
function routeParts(route: string): Attributes {
  const space = route.indexOf(" ");
  if (space < 0) return { route };
  return { [methodAttribute]: route.slice(0, space), [routeAttribute]: route.slice(space + 1) };
}
