import type { DataCell } from "../../../runtime/control/data/model.ts";
import { formatBytes, formatCount } from "../format.ts";

const shownChars = 80;

/** A cell of a table, short; its whole beginning stands in the title and in the row's panel. */
export function Cell({ cell }: { cell: DataCell }) {
  switch (cell.type) {
    case "null":
      return <em class="muted">null</em>;
    case "hidden":
      return (
        <span class="hidden-cell" title="Never shown: this looks like a secret">
          hidden
        </span>
      );
    case "blob":
      return (
        <code title={cell.text}>
          {cell.text.slice(0, 16)}
          {cell.text.length > 16 && "…"}{" "}
          <small class="muted">{formatBytes(cell.size ?? cell.text.length / 2)}</small>
        </code>
      );
    default:
      return (
        <span title={cell.text}>
          {cell.text.length > shownChars ? `${cell.text.slice(0, shownChars)}…` : cell.text}
        </span>
      );
  }
}

/** All that the server sent of it. */
export function WholeCell({ cell }: { cell: DataCell }) {
  if (cell.type === "null" || cell.type === "hidden") return <Cell cell={cell} />;
  const { size, text, type } = cell;
  return (
    <>
      <pre class="code">{type === "text" ? pretty(text) : text}</pre>
      {size !== undefined && (
        <small class="muted">
          The beginning of {type === "blob" ? formatBytes(size) : `${formatCount(size)} characters`}.
        </small>
      )}
    </>
  );
}

function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
