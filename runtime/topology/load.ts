import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { checkTopology } from "./check.ts";
import { readDocument, type SourceDocument, type TextFault } from "./document.ts";
import { type Finding, type Path, pathText, type TopologyIssue } from "./issue.ts";
import type { Topology } from "./model.ts";
import { checkNames, type Names, namesOf } from "./names.ts";
import { prune } from "./prune.ts";
import { resolveTopology } from "./resolve.ts";
import { type TopologyInput, topologySchema } from "./schema.ts";
import { schemaFindings } from "./schema-findings.ts";
import { resolveSources, type SourceOptions } from "./sources.ts";

export type LoadResult =
  | { readonly topology: Topology; readonly issues?: never }
  | { readonly issues: readonly TopologyIssue[]; readonly topology?: never };

export interface ParseOptions extends SourceOptions {
  /** What issues call the document, and `Topology.file`; "" for one from memory. */
  readonly file: string;
}

/** A topology is written by hand; what is larger is some other file. */
export const maxFileBytes = 4 * 1024 * 1024;

/** Reads and checks a topology file. Bad input of any kind, unreadable included, comes back as issues, all at once. */
export function loadTopology(file: string, options: Omit<SourceOptions, "directory"> = {}): LoadResult {
  const absolute = resolve(file);
  const unreadable = (message: string, expected: string): LoadResult => ({
    issues: [
      { code: "unreadable", file, line: 1, column: 1, length: 1, path: "", message, expected, excerpt: "" },
    ],
  });
  let text: string;
  try {
    const stats = statSync(absolute);
    if (stats.isDirectory()) return unreadable("is a folder", "a topology file, topology.yaml");
    if (stats.size > maxFileBytes) return unreadable("is too large for a topology", "at most 4 MiB");
    text = readFileSync(absolute, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return unreadable("does not exist", "a topology file; microcosm init makes one");
    return unreadable(`cannot be read: ${(error as Error).message}`, "a readable file");
  }
  const parsed = parseTopology(text, { ...options, file: absolute, directory: dirname(absolute) });
  // Issues name the file the way the caller did.
  if (parsed.issues) return { issues: parsed.issues.map((issue) => ({ ...issue, file })) };
  return parsed;
}

/** Checks a topology's text. Never throws for what the text holds. */
export function parseTopology(text: string, options: ParseOptions): LoadResult {
  const document = readDocument(text);
  const issueOf = issueMaker(text, document, options.file);
  const textIssues = document.faults.map((fault) => issueOf(fault));
  // Where the text is broken its structure is a guess, and so would be all that is said about it.
  if (document.faults.some((fault) => fault.code === "yaml-syntax")) return { issues: inOrder(textIssues) };

  const { value } = document;
  // Read once: compiling the schema first, as zod would, takes longer than reading without.
  const parsed = topologySchema.safeParse(value, { jitless: true });
  const names = namesOf(value);
  const findings = checkNames(names);
  if (parsed.success) {
    const { sources, findings: further } = checkInput(parsed.data, names, options);
    findings.push(...further);
    if (findings.length === 0 && textIssues.length === 0) {
      return { topology: resolveTopology(parsed.data, sources, options) };
    }
  } else {
    findings.push(
      ...schemaFindings(parsed.error.issues, value),
      ...checkRest(value, parsed.error, names, options),
    );
  }
  return { issues: inOrder([...textIssues, ...findings.map((finding) => issueOf(finding))]) };
}

function checkInput(input: TopologyInput, names: Names, options: ParseOptions) {
  const { sources, findings } = resolveSources(input, options);
  return { sources, findings: [...checkTopology(input, names), ...findings] };
}

/** The checks between the parts of a document, some of which the schema refused. */
function checkRest(value: unknown, error: z.core.$ZodError, names: Names, options: ParseOptions): Finding[] {
  const rest = prune(value, error);
  if (!rest) return [];
  return (
    checkInput(rest.input, names, options)
      .findings.map((finding) => ({ ...finding, path: rest.restore(finding.path) }))
      // "services" is missing: the schema has said so.
      .filter(({ code, path }) => code !== "missing-key" || Object.hasOwn(value as object, path[0]!))
      .filter((finding) => !rest.removed.some((removed) => isConsequence(finding, removed)))
  );
}

/** Whether something only seems missing or at odds because its neighbour was refused and taken out. */
function isConsequence({ code, path }: Finding, removed: Path): boolean {
  if (code !== "missing-key" && code !== "conflict") return false;
  const inRoute = path[0] === "gateway" && path[1] === "routes";
  const scope = inRoute ? path.slice(0, 3) : code === "conflict" ? path.slice(0, -1) : path;
  return scope.every((part, index) => removed[index] === part);
}

function issueMaker(text: string, document: SourceDocument, file: string) {
  const lines = text.split(/\r?\n/);
  return (problem: Finding | TextFault): TopologyIssue => {
    const span = "span" in problem ? problem.span : document.locate(problem.path, problem.at);
    const { line, column } = document.position(span.start);
    const excerpt = lines[line - 1] ?? "";
    const suggestion = "suggestion" in problem ? problem.suggestion : undefined;
    return {
      code: problem.code,
      file,
      line,
      column,
      length: Math.max(1, Math.min(span.end - span.start, excerpt.trimEnd().length - column + 1)),
      path: pathText(problem.path),
      message: problem.message,
      ...(problem.expected === undefined ? {} : { expected: problem.expected }),
      ...(suggestion === undefined ? {} : { suggestion }),
      excerpt,
    };
  };
}

function inOrder(issues: readonly TopologyIssue[]): TopologyIssue[] {
  return [...issues].sort((a, b) => a.line - b.line || a.column - b.column);
}
