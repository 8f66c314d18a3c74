import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { indexOfId, scrollFor, windowOf } from "./window.ts";

export interface VirtualListProps<T> {
  readonly items: readonly T[];
  /** Pixels; all rows have it. */
  readonly rowHeight: number;
  /** What a screen reader calls the list. */
  readonly label: string;
  readonly class?: string;
  readonly role?: "list" | "tree" | "log";
  readonly activeId?: string | undefined;
  /** Brought into sight when it changes. */
  readonly shown?: number | undefined;
  /** Ascending number of an item: what is in sight stays there while others come and go around it. */
  readonly idOf?: (item: T) => number;
  /** Stays at the end as items come. */
  readonly follow?: boolean;
  /** Someone scrolled away from the end (false) or back to it (true). */
  readonly onFollow?: (follow: boolean) => void;
  readonly onTop?: () => void;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
  readonly children: (item: T, index: number) => ComponentChildren;
}

/** Pixels from the end that still count as the end. */
const endSlack = 4;

/** A list of any length that puts only the rows in sight into the page. */
export function VirtualList<T>(props: VirtualListProps<T>) {
  const { items, rowHeight, label, idOf, follow, shown } = props;
  const box = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ id: number; offset: number } | undefined>(undefined);
  const [view, setView] = useState({ top: 0, height: 600 });

  const look = () => {
    const { scrollTop, clientHeight } = box.current!;
    setView((old) =>
      old.top === scrollTop && old.height === clientHeight ? old : { top: scrollTop, height: clientHeight },
    );
    if (idOf === undefined) return;
    const first = items[Math.floor(scrollTop / rowHeight)];
    anchor.current = first === undefined ? undefined : { id: idOf(first), offset: scrollTop % rowHeight };
  };

  useLayoutEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current!;
    if (follow === true) element.scrollTop = element.scrollHeight;
    else if (idOf !== undefined && anchor.current !== undefined) {
      const index = indexOfId(items, idOf, anchor.current.id);
      element.scrollTop = index * rowHeight + anchor.current.offset;
    }
    look();
  }, [items, follow, rowHeight]);

  useLayoutEffect(() => {
    const element = box.current!;
    if (shown === undefined) return;
    element.scrollTop = scrollFor(shown, element.scrollTop, element.clientHeight, rowHeight);
    look();
  }, [shown]);

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    look();
    const atEnd = scrollTop + clientHeight >= scrollHeight - endSlack;
    if (follow !== undefined && atEnd !== follow) props.onFollow?.(atEnd);
    if (scrollTop === 0 && follow !== true) props.onTop?.();
  };

  const { first, end } = windowOf(view.top, view.height, rowHeight, items.length);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role comes from the caller
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      ref={box}
      class={`long-list ${props.class ?? ""}`}
      role={props.role ?? "list"}
      aria-label={label}
      aria-activedescendant={props.activeId}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={props.onKeyDown}
    >
      <div role="presentation" class="long-list-all" style={{ height: `${items.length * rowHeight}px` }}>
        <div
          role="presentation"
          class="long-list-window"
          style={{ transform: `translateY(${first * rowHeight}px)` }}
        >
          {items.slice(first, end).map((item, index) => props.children(item, first + index))}
        </div>
      </div>
    </div>
  );
}
