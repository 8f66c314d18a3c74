import { closest } from "./closest.ts";
import type { Finding, IssueCode, Path } from "./issue.ts";
import { valueText } from "./issue.ts";
import { longestName, longestTopic, namePattern, reservedNames, topicPattern } from "./scalars.ts";

/** The names a document declares, those of entries that are otherwise wrong included, so that one mistake is told once. */
export interface Names {
  readonly services: ReadonlySet<string>;
  readonly policies: ReadonlySet<string>;
  readonly topics: ReadonlySet<string>;
  /** Whether there is a gateway.auth. */
  readonly auth: boolean;
}

export function namesOf(value: unknown): Names {
  const keys = (section: string): ReadonlySet<string> => new Set(Object.keys(mapAt(value, section)));
  return {
    services: keys("services"),
    policies: new Set([...keys("policies"), "default"]),
    topics: keys("topics"),
    auth: Object.hasOwn(mapAt(value, "gateway"), "auth"),
  };
}

export function checkNames(names: Names): Finding[] {
  return [
    ...[...names.services].flatMap((name) => checkName("services", name)),
    ...[...names.policies].flatMap((name) => checkName("policies", name)),
    ...[...names.topics].flatMap(checkTopic),
  ];
}

function checkName(section: "services" | "policies", name: string): Finding[] {
  const kind = section === "services" ? "service" : "policy";
  const bad = (message: string, expected: string, suggestion?: string): Finding[] => [
    { code: "bad-name", path: [section, name], at: "key", message, expected, suggestion },
  ];
  if (section === "services" && reservedNames.includes(name)) {
    return bad(`"${name}" is the name of a built-in worker`, `another name than ${reservedNames.join(", ")}`);
  }
  if (namePattern.test(name) && name.length <= longestName) return [];
  const suggestion = name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  return bad(
    `${valueText(name)} is no name for a ${kind}`,
    `lower-case letters, digits and dashes, a letter first, at most ${longestName}`,
    namePattern.test(suggestion) && suggestion.length <= longestName ? suggestion : undefined,
  );
}

function checkTopic(name: string): Finding[] {
  if (name === "*" || (topicPattern.test(name) && name.length <= longestTopic)) return [];
  return [
    {
      code: "bad-name",
      path: ["topics", name],
      at: "key",
      message: `${valueText(name)} is no name for a topic`,
      expected: `lower-case words joined by dots or dashes, order.placed, at most ${longestTopic} letters; or "*"`,
    },
  ];
}

/** A reference to a name that is not there. */
export function unknownName(
  kind: "service" | "policy" | "topic",
  name: string,
  known: ReadonlySet<string>,
  path: Path,
  where: string,
): Finding {
  const codes = { service: "unknown-service", policy: "unknown-policy", topic: "unknown-topic" } as const;
  const code: IssueCode = codes[kind];
  const all = [...known].filter((candidate) => candidate !== "*");
  return {
    code,
    path,
    at: "value",
    message: `unknown ${kind} ${valueText(name)} ${where}`,
    expected: all.length > 0 ? `one of ${shortList(all)}` : `a ${kind} declared in this file`,
    suggestion: closest(name, all),
  };
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

export function mapAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return {};
  const found = (value as Record<string, unknown>)[key];
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? (found as Record<string, unknown>)
    : {};
}
