import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "./environment.ts";
import style from "./style.css" with { type: "text" };
import { escapeHtml } from "./svg.ts";

/** What every kind of report has, beside its own figures. */
export interface ReportFrame {
  readonly name: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** How to make the same run again. */
  readonly command: string;
  readonly environment: Environment;
  /** What ended it before it had measured all. */
  readonly incomplete?: string;
}

/** `2026-11-27 02:12:40 UTC`. */
export function shownTime(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

/** One file that needs nothing else: style, charts and the raw numbers are inside. `body` is HTML. */
export function htmlPage(parts: {
  readonly title: string;
  readonly heading: string;
  readonly sub: string;
  readonly body: string;
  readonly raw: unknown;
}): string {
  // The only way out of a script element is its end tag.
  const raw = JSON.stringify(parts.raw).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(parts.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(parts.heading)}</h1>
<p class="sub">${escapeHtml(parts.sub)}</p>
${parts.body}
</main>
<script type="application/json" id="report">${raw}</script>
</body>
</html>
`;
}

/** Writes `NAME-TIME.html` and `.json` into `directory`, and returns their paths. */
export function writeFiles(
  directory: string,
  report: Pick<ReportFrame, "name" | "startedAt">,
  html: () => string,
): { html: string; json: string } {
  mkdirSync(directory, { recursive: true });
  const stem = join(directory, `${report.name}-${report.startedAt.replace(/[:.]/g, "-")}`);
  const files = { html: `${stem}.html`, json: `${stem}.json` };
  // The figures first: whatever goes wrong with the page, they took the time.
  writeFileSync(files.json, `${JSON.stringify(report)}\n`);
  writeFileSync(files.html, html());
  return files;
}

/** Nothing when there are no rows. Cells are text; numbers stand to the right, as all columns but the first do. */
export function tableHtml(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  note = "",
): string {
  if (rows.length === 0) return "";
  const heading = title === "" ? "" : `<h2>${escapeHtml(title)}</h2>`;
  const below = note === "" ? "" : `<p class="note">${escapeHtml(note)}</p>`;
  return `<section>${heading}<div class="wide"><table><thead><tr>${head.map((text) => `<th>${escapeHtml(text)}</th>`).join("")}</tr></thead><tbody>
${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`).join("\n")}
</tbody></table></div>${below}</section>`;
}

export function cardsHtml(cards: readonly (readonly [value: string, label: string])[]): string {
  const card = ([value, label]: readonly [string, string]) =>
    `<div class="card"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></div>`;
  return `<div class="cards">\n${cards.map(card).join("\n")}\n</div>`;
}

export function verdictHtml(kind: "error" | "warning" | "good" | "told", text: string): string {
  const named = kind === "error" || kind === "warning" ? `<b>${kind}</b> ` : "";
  return `<p class="verdict ${kind}">${named}${escapeHtml(text)}</p>`;
}

/** Above all figures: they are not all that was asked for. */
export function incompleteHtml({ incomplete }: Pick<ReportFrame, "incomplete">): string {
  return incomplete === undefined ? "" : verdictHtml("error", `not all was measured: ${incomplete}`);
}

export function environmentHtml(
  { command, environment }: ReportFrame,
  more: readonly (readonly [string, string])[] = [],
): string {
  const { cpu, cores, memoryBytes, system, bun, busyBefore } = environment;
  return `<section class="facts"><h2>Where and how</h2><table><tbody>
${[
  ["command", command],
  ["machine", `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB`],
  ["system", `${system}, Bun ${bun}`],
  ["cores busy before", busyBefore.toFixed(1)],
  ...more,
]
  .map(([name, value]) => `<tr><th>${escapeHtml(name!)}</th><td>${escapeHtml(value!)}</td></tr>`)
  .join("\n")}
</tbody></table></section>`;
}
