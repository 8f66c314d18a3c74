import type { ComponentChildren } from "preact";
import { VirtualList } from "../list/virtual-list.tsx";

export interface TableColumn<T> {
  readonly title: string;
  /** A CSS grid track: `80px`, `minmax(120px, 2fr)`. */
  readonly width: string;
  readonly cell: (item: T) => ComponentChildren;
  /** Right-aligned, with digits of one width. */
  readonly number?: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly TableColumn<T>[];
  readonly items: readonly T[];
  readonly idOf: (item: T) => string;
  readonly selected?: string | undefined;
  /** By click, by arrow keys, Home, End, Page Up, Page Down. */
  readonly onSelect?: ((item: T) => void) | undefined;
  /** By Enter. */
  readonly onOpen?: ((item: T) => void) | undefined;
  /** Pixels. Default 34. */
  readonly rowHeight?: number;
}

const pageRows = 20;

const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at) => at + pageRows,
  PageUp: (at) => at - pageRows,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Any number of rows, of which only those in sight are in the page. One tab stop; arrow keys move within. */
export function Table<T>(props: TableProps<T>) {
  const { label, columns, items, idOf, selected, onSelect, onOpen, rowHeight = 34 } = props;
  const active = selected === undefined ? -1 : items.findIndex((item) => idOf(item) === selected);
  const domId = (item: T) => `row-${label}-${idOf(item)}`.replaceAll(/\s/g, "_");
  const pressed = (event: KeyboardEvent) => {
    const move = moves[event.key];
    const current = items[active];
    if (move !== undefined && onSelect !== undefined) {
      const next = items[Math.max(0, Math.min(items.length - 1, move(active, items.length)))];
      if (next !== undefined) onSelect(next);
    } else if (event.key === "Enter" && current !== undefined && onOpen !== undefined) onOpen(current);
    else return;
    event.preventDefault();
  };
  const tracks = { "--columns": columns.map((column) => column.width).join(" "), "--row": `${rowHeight}px` };
  return (
    <div class="table" style={tracks}>
      <div class="table-head" aria-hidden="true">
        {columns.map((column) => (
          <span key={column.title} class={column.number === true ? "number" : undefined}>
            {column.title}
          </span>
        ))}
      </div>
      <VirtualList
        items={items}
        rowHeight={rowHeight}
        label={label}
        role={onSelect === undefined ? "list" : "listbox"}
        activeId={items[active] === undefined ? undefined : domId(items[active])}
        shown={active < 0 ? undefined : active}
        onKeyDown={pressed}
      >
        {(item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself takes the keys
          // biome-ignore lint/a11y/noStaticElementInteractions: it has one of two roles
          // biome-ignore lint/a11y/useAriaPropsSupportedByRole: an option has it, an item has not
          <div
            key={idOf(item)}
            id={domId(item)}
            role={onSelect === undefined ? "listitem" : "option"}
            aria-selected={onSelect === undefined ? undefined : index === active}
            class={`table-row ${onSelect === undefined ? "" : "clickable"} ${index === active ? "active" : ""}`}
            onClick={() => onSelect?.(item)}
          >
            {columns.map((column) => (
              <span key={column.title} class={column.number === true ? "number" : undefined}>
                {column.cell(item)}
              </span>
            ))}
          </div>
        )}
      </VirtualList>
    </div>
  );
}
