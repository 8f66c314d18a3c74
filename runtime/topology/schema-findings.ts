import type { z } from "zod";
import { closest } from "./closest.ts";
import { type Finding, type IssueCode, type Path, pathText, valueText } from "./issue.ts";
import type { ScalarFault } from "./scalars.ts";
import { schemaJson } from "./schema.ts";

type ZodIssue = z.core.$ZodIssue;

/** What zod found in `value`, in this project's words. */
export function schemaFindings(issues: readonly ZodIssue[], value: unknown): Finding[] {
  const schema = schemaJson();
  const findings = flatten(issues).flatMap((issue) => findingsOf(issue, value, schema));
  const meant = new Set(
    findings.flatMap(({ code, path, suggestion }) =>
      code === "unknown-key" && suggestion !== undefined
        ? [pathText([...path.slice(0, -1), suggestion])]
        : [],
    ),
  );
  // "servic" is unknown and "service" is missing: one mistake.
  return findings.filter(({ code, path }) => code !== "missing-key" || !meant.has(pathText(path)));
}

/** Replaces a union's issue by those of the branch that fits the kind of value best. */
function flatten(issues: readonly ZodIssue[], base: Path = []): ZodIssue[] {
  return issues.flatMap((issue): ZodIssue[] => {
    const path = [...base, ...issue.path] as PropertyKey[];
    if (issue.code !== "invalid_union") return [{ ...issue, path }];
    const branch = issue.errors.find((errors) =>
      errors.every((error) => error.path.length > 0 || error.code !== "invalid_type"),
    );
    return branch ? flatten(branch, path as Path) : [{ ...issue, path }];
  });
}

function findingsOf(issue: ZodIssue, value: unknown, schema: JsonSchema): Finding[] {
  const path = issue.path as Path;
  const found = at(value, path);
  const label = labelOf(path);
  const wanted = schemaAt(schema, path);
  const finding = (code: IssueCode, message: string, more: Partial<Finding> = {}): Finding[] => [
    { code, path, at: "value", message, ...more },
  ];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], wanted));
  }
  if (found === undefined && path.length > 0) {
    return finding("missing-key", `"${label}" is missing${inside(path)}`, {
      expected: withDescription(expectation(wanted), wanted),
    });
  }
  switch (issue.code) {
    case "custom": {
      const fault = issue.params as unknown as ScalarFault;
      const what = fault.fault === "bad-duration" ? "a duration" : fault.fault === "bad-size" ? "a size" : "";
      return finding(
        fault.fault,
        what === ""
          ? `"${label}" is out of range: ${valueText(found)}`
          : `"${label}" is not ${what}: ${valueText(found)}`,
        { expected: fault.expected, suggestion: fault.suggestion },
      );
    }
    case "too_small":
    case "too_big":
      return finding(
        issue.origin === "string" || issue.origin === "array" ? "wrong-value" : "out-of-range",
        rangeMessage(issue, label, found),
        {
          expected: expectation(wanted),
        },
      );
    case "invalid_value":
      return finding("wrong-value", `"${label}" cannot be ${valueText(found)}`, {
        expected: expectation(wanted),
        suggestion: closest(String(found), issue.values.map(String)),
      });
    case "invalid_format":
      return finding(
        label === "name" ? "bad-name" : "wrong-value",
        `"${label}" cannot be ${valueText(found)}`,
        {
          expected: expectation(wanted),
        },
      );
    default:
      return finding("wrong-type", wrongType(label, found), {
        expected: withDescription(expectation(wanted), wanted),
        suggestion: looseBoolean(found, wanted),
      });
  }
}

function labelOf(path: Path): string {
  const key = path.findLastIndex((part) => typeof part === "string");
  return key < 0 ? "the file" : pathText(path.slice(key));
}

function wrongType(label: string, found: unknown): string {
  const subject = label === "the file" ? label : `"${label}"`;
  return found === null || found === undefined ? `${subject} is empty` : `${subject} is ${valueText(found)}`;
}

function unknownKey(path: Path, parent: JsonSchema): Finding {
  const key = String(path.at(-1));
  const known = Object.keys(parent.properties ?? {});
  return {
    code: "unknown-key",
    path,
    at: "key",
    message: `unknown key "${key}"${inside(path)}`,
    expected: known.length > 0 ? `one of ${known.join(", ")}` : undefined,
    suggestion: closest(key, known),
  };
}

function rangeMessage(issue: ZodIssue, label: string, found: unknown): string {
  if ("origin" in issue && issue.origin === "string") {
    return found === "" ? `"${label}" is empty` : `"${label}" is too long`;
  }
  if ("origin" in issue && issue.origin === "array") return `"${label}" is an empty list`;
  return `"${label}" is out of range: ${valueText(found)}`;
}

function inside(path: Path): string {
  const parent = path.slice(0, -1).filter((part) => typeof part === "string");
  return parent.length === 0 ? "" : ` in ${parent.slice(-2).join(".")}`;
}

/** YAML 1.2 reads yes and on as strings. */
function looseBoolean(found: unknown, wanted: JsonSchema): string | undefined {
  if (wanted.type !== "boolean" || typeof found !== "string") return undefined;
  if (/^(yes|on|true)$/i.test(found)) return "true";
  return /^(no|off|false)$/i.test(found) ? "false" : undefined;
}

function at(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
}

function schemaAt(root: JsonSchema, path: Path): JsonSchema {
  let node = root;
  for (const part of path) {
    const branches = [node, ...(node.anyOf ?? [])];
    const next = branches
      .map((branch) => {
        if (typeof part === "number") return branch.items;
        if (branch.properties && Object.hasOwn(branch.properties, part)) return branch.properties[part];
        return typeof branch.additionalProperties === "object" ? branch.additionalProperties : undefined;
      })
      .find((found) => found !== undefined);
    if (!next) return {};
    node = next;
  }
  // An edge may be a name or a map; its keys are the map's.
  return node.anyOf?.find((branch) => branch.properties) ?? node;
}

const kinds: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "a string",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "nothing",
};

function expectation(schema: JsonSchema): string | undefined {
  if (schema.enum) return `one of ${schema.enum.join(", ")}`;
  if (schema.const !== undefined) return String(schema.const);
  if (schema.minItems !== undefined) return `a list with at least ${schema.minItems} entry`;
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    return `${kinds[String(schema.type)]} from ${schema.minimum} to ${schema.maximum}`;
  }
  if (schema.pattern === "^[a-z][a-z0-9-]*$") {
    return "lower-case letters, digits and dashes, a letter first, at most 40";
  }
  if (schema.examples) return `for example ${schema.examples.join(", ")}`;
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return types.length > 0 ? types.map((type) => kinds[type] ?? type).join(" or ") : undefined;
}

function withDescription(expected: string | undefined, schema: JsonSchema): string | undefined {
  if (!schema.description) return expected;
  return expected ? `${expected}. ${schema.description}` : schema.description;
}
