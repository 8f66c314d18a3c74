/** What kind of mistake it is; tests and tools go by this, never by the message. */
export type IssueCode =
  | "unreadable"
  | "yaml-syntax"
  | "duplicate-key"
  | "unknown-key"
  | "missing-key"
  | "wrong-type"
  | "wrong-value"
  | "out-of-range"
  | "bad-name"
  | "bad-duration"
  | "bad-size"
  | "unknown-service"
  | "unknown-policy"
  | "unknown-topic"
  | "duplicate-entry"
  | "duplicate-route"
  | "start-up-cycle"
  | "missing-source"
  | "missing-directory"
  | "bad-path"
  | "unknown-parameter"
  | "missing-auth"
  | "conflict";

/** A mistake in a topology file, with its exact place. */
export interface TopologyIssue {
  readonly code: IssueCode;
  /** As given by who loaded it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** How much of the line is at fault, at least 1. */
  readonly length: number;
  /** `services.orders.uses[0]`; "" for the whole file. */
  readonly path: string;
  /** What is wrong, as one sentence without a full stop. */
  readonly message: string;
  /** What would be right. */
  readonly expected?: string;
  /** The close name or spelling that was probably meant. */
  readonly suggestion?: string;
  /** The line of the file, without its end. */
  readonly excerpt: string;
}

export type Path = readonly (string | number)[];

/** A mistake at a path of the document, before its line is known. */
export interface Finding {
  readonly code: IssueCode;
  readonly path: Path;
  /** Whether the key or the value at `path` is to blame. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly expected?: string | undefined;
  readonly suggestion?: string | undefined;
}

/** `["services", "orders", "uses", 0]` → `services.orders.uses[0]`. */
export function pathText(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** How a value is named in a message: scalars as they are, cut short; maps and lists by kind. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return "a map";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
