import type { TopologyIssue } from "./issue.ts";

export interface FormatOptions {
  /** Whether to use terminal colours. */
  readonly colour: boolean;
}

/** Longer lines are cut around the mistake. */
const maxExcerptColumns = 100;

/**
 * Issues as a terminal shows them:
 *
 *     topology.yaml:12:15: "timeout" is not a duration: "2 parsecs"
 *       12 |   default: { timeout: 2 parsecs }
 *          |                       ^^^^^^^^^
 *          expected a duration such as 250ms, 30s, 1m, 2h or 7d
 */
export function formatIssues(issues: readonly TopologyIssue[], { colour }: FormatOptions): string {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const blocks = issues.map((issue) => formatIssue(issue, paint));
  const count = issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`;
  return `${blocks.join("\n\n")}\n\n${paint(1, count)}\n`;
}

type Paint = (code: number, text: string) => string;

function formatIssue(issue: TopologyIssue, paint: Paint): string {
  if (issue.code === "unreadable") {
    return `${paint(1, issue.file)} ${paint(31, printable(issue.message))}\n  expected ${issue.expected}`;
  }
  const place = `${issue.file === "" ? "topology" : issue.file}:${issue.line}:${issue.column}:`;
  const out = [`${paint(1, place)} ${paint(31, printable(issue.message))}`];
  const gutter = String(issue.line);
  const margin = " ".repeat(gutter.length);
  const { text, column, length } = excerptOf(issue);
  if (text.trim() !== "") {
    out.push(`  ${paint(2, `${gutter} |`)} ${text}`);
    out.push(`  ${paint(2, `${margin} |`)} ${" ".repeat(column)}${paint(31, "^".repeat(length))}`);
  }
  if (issue.expected !== undefined) out.push(`  ${margin}   expected ${printable(issue.expected)}`);
  if (issue.suggestion !== undefined) {
    out.push(`  ${margin}   ${paint(36, `did you mean "${printable(issue.suggestion)}"?`)}`);
  }
  return out.join("\n");
}

function excerptOf(issue: TopologyIssue): { text: string; column: number; length: number } {
  const start = Math.max(0, issue.column - 1 - Math.floor(maxExcerptColumns / 2));
  const from = issue.excerpt.length <= maxExcerptColumns ? 0 : start;
  const text = printable(issue.excerpt.slice(from, from + maxExcerptColumns));
  const column = Math.min(issue.column - 1 - from, text.length);
  return { text, column, length: Math.max(1, Math.min(issue.length, text.length - column)) };
}

/** A file may hold escape sequences; a terminal must not obey them. One character each, so that carets stay in place. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}
