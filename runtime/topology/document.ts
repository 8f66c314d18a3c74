import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";
import type { Finding, IssueCode, Path } from "./issue.ts";

/** Half-open range of offsets in the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A mistake found in the text itself, where no path leads to. */
export interface TextFault {
  readonly code: IssueCode;
  readonly span: Span;
  readonly path: Path;
  readonly message: string;
  readonly expected?: string;
}

export interface SourceDocument {
  /** Plain data; undefined when the text is not YAML. */
  readonly value: unknown;
  readonly faults: readonly TextFault[];
  /** Where the key or value at `path` stands; for a path that is not there, its nearest ancestor's key. */
  locate(path: Path, at: Finding["at"]): Span;
  position(offset: number): { line: number; column: number };
}

/** Aliases may not blow the document up beyond this factor. */
const maxAliasCount = 1000;

/** A file with more is no topology, and nobody reads on. */
const maxSyntaxFaults = 20;

/** Parses YAML and remembers where everything stands. Never throws. */
export function readDocument(text: string): SourceDocument {
  const lines = new LineCounter();
  const position = (offset: number) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = (fault: TextFault): SourceDocument => ({
    value: undefined,
    faults: [fault],
    locate: () => fault.span,
    position,
  });
  const wholeFile: Span = { start: 0, end: Math.max(1, text.search(/[\r\n]|$/)) };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "error",
      merge: true,
      // Found by duplicateKeys instead, which knows the path and the first one's line.
      uniqueKeys: false,
    });
    const syntax = syntaxFaults(document, text);
    if (syntax.length > 0) return { ...broken(syntax[0]!), faults: syntax };
    const faults = duplicateKeys(document, position);
    const locate = (path: Path, at: Finding["at"]) => spanAt(document, path, at) ?? wholeFile;
    return { value: document.toJS({ maxAliasCount }), faults, locate, position };
  } catch (error) {
    // Nesting deeper than the stack, or aliases that multiply without end.
    const reason = error instanceof RangeError ? "it is nested too deeply" : (error as Error).message;
    return broken({
      code: "yaml-syntax",
      span: wholeFile,
      path: [],
      message: `the file cannot be read as YAML: ${reason}`,
    });
  }
}

function syntaxFaults(document: Document, text: string): TextFault[] {
  const faults = document.errors
    // After its first stumble the parser calls every further token unexpected.
    .filter((error, index) => index === 0 || error.code !== "UNEXPECTED_TOKEN")
    .slice(0, maxSyntaxFaults)
    .map((error): TextFault => {
      const expected = unquotedBraces(text, error.pos[0]);
      return {
        code: "yaml-syntax",
        span: { start: error.pos[0], end: error.pos[1] },
        path: [],
        message: `not valid YAML: ${plainWords(error.message)}`,
        ...(expected === undefined ? {} : { expected }),
      };
    });
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      faults.push({
        code: "yaml-syntax",
        span: spanOf(alias),
        path: [],
        message: `not valid YAML: the alias *${alias.source} has no anchor before it`,
        expected: `&${alias.source} on an earlier node`,
      });
    },
  });
  return faults;
}

const tokenWords: Readonly<Record<string, string>> = {
  "flow-map-start": '"{"',
  "flow-map-end": '"}"',
  "flow-seq-start": '"["',
  "flow-seq-end": '"]"',
  "map-value-ind": '":"',
  "seq-item-ind": '"-"',
  "explicit-key-ind": '"?"',
  scalar: "text",
};

/** The parser's message with the characters a person typed for its tokens' names. */
function plainWords(message: string): string {
  const worded = message
    .replace(/(?<=Unexpected )(?:[a-z]+(?:-[a-z]+)+|scalar)(?: token)?/, (token) => {
      return tokenWords[token.replace(" token", "")] ?? token;
    })
    .replace("at node end", "after the end of a value")
    .replace(/ in YAML stream: .*$/s, "");
  return `${worded.charAt(0).toLowerCase()}${worded.slice(1)}`;
}

/** The mistake nearly everyone makes here once: `{ path: /products/{id} }` without quotes. */
function unquotedBraces(text: string, offset: number): string | undefined {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  const bare = /(?<=[:,[]\s*)\/[^\s"',{}]*\{\w+\*?\}[^\s"',{}]*/.exec(line);
  return bare ? `quotes around a path with braces inside { }: "${bare[0]}"` : undefined;
}

/** Finds and removes later entries of the same name, so that the rest can be checked. */
function duplicateKeys(document: Document, position: (offset: number) => { line: number }): TextFault[] {
  const faults: TextFault[] = [];
  visit(document, {
    Map(_key, map, ancestors) {
      const first = new Map<string, number>();
      const later = new Set<unknown>();
      for (const pair of map.items) {
        if (!isScalar(pair.key) || !pair.key.range) continue;
        const name = String(pair.key.value);
        const start = pair.key.range[0];
        const earlier = first.get(name);
        if (earlier === undefined) {
          first.set(name, start);
          continue;
        }
        later.add(pair);
        const path = [...pathOf(ancestors, map), name];
        faults.push({
          code: "duplicate-key",
          span: spanOf(pair.key),
          path,
          message: `${kindOf(path)} "${name}" is there twice; the first is on line ${position(earlier).line}`,
          expected: "each name once",
        });
      }
      map.items = map.items.filter((pair) => !later.has(pair));
    },
  });
  return faults;
}

/** What the entries of a map are called in topology.yaml. */
function kindOf(path: Path): string {
  if (path.length === 2 && path[0] === "services") return "service";
  if (path.length === 2 && path[0] === "policies") return "policy";
  if (path.length === 2 && path[0] === "topics") return "topic";
  return "key";
}

function pathOf(ancestors: readonly unknown[], leaf: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  const chain = [...ancestors, leaf];
  for (const [index, node] of chain.entries()) {
    if (isPair(node)) path.push(isScalar(node.key) ? String(node.key.value) : "?");
    else if (isSeq(node) && index + 1 < chain.length) path.push(node.items.indexOf(chain[index + 1]));
  }
  return path;
}

function spanAt(document: Document, path: Path, at: Finding["at"]): Span | undefined {
  let node: unknown = document.contents;
  let found: { key?: unknown; value: unknown } = { value: node };
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const next = entryOf(node, part);
    // What is missing is reported at what should hold it.
    if (!next) return spanOf(found.key ?? found.value);
    found = next;
    node = next.value;
    if (index === path.length - 1 && at === "value" && hasSpan(node)) return spanOf(node);
  }
  return spanOf(found.key ?? found.value);
}

function entryOf(node: unknown, part: string | number): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    return pair && { key: pair.key, value: pair.value };
  }
  if (isSeq(node) && typeof part === "number" && part < node.items.length) {
    const value = node.items[part];
    // An item has no key; the item itself stands for it.
    return { value };
  }
  return undefined;
}

function hasSpan(node: unknown): node is Node & { range: [number, number, number] } {
  if (!isNode(node) || !node.range) return false;
  return node.range[1] > node.range[0];
}

function spanOf(node: unknown): Span {
  const range = isNode(node) ? node.range : undefined;
  return range ? { start: range[0], end: Math.max(range[1], range[0] + 1) } : { start: 0, end: 1 };
}
