/** Entries of one object or list that are shown; a payload may be as long as it likes. */
const maxEntries = 200;
const openDepth = 2;

/** Any JSON as a tree that folds. Text stays text, whatever it looks like. */
export function JsonView({ value, name }: { value: unknown; name?: string }) {
  return (
    <div class="json">
      <Value value={value} name={name} depth={0} />
    </div>
  );
}

function Value({ value, name, depth }: { value: unknown; name: string | undefined; depth: number }) {
  const label = name === undefined ? null : <span class="key">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    const text = typeof value === "string";
    return (
      <div>
        {label}
        <span class={text ? "string" : "value"}>{text ? JSON.stringify(value) : String(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const count = `${entries.length} ${entries.length === 1 ? "entry" : "entries"}`;
  return (
    <details open={depth < openDepth}>
      <summary>
        {label}
        <span class="muted">{Array.isArray(value) ? `[ ${count} ]` : `{ ${count} }`}</span>
      </summary>
      {entries.slice(0, maxEntries).map(([key, child]) => (
        <Value key={key} value={child} name={key} depth={depth + 1} />
      ))}
      {entries.length > maxEntries && <div class="muted">and {entries.length - maxEntries} more</div>}
    </details>
  );
}
