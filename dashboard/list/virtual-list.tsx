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
  readonly role?: "list" | "listbox" | "tree" | "log";
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
  /** The last rows came into sight by scrolling. */
  readonly onEnd?: () => void;
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
  /** Where following has put the list; above it is where someone has scrolled since. */
  const pinned = useRef<number | undefined>(undefined);
  /** Of the last scroll event: whoever moves up does not come back to the end, however near it still is. */
  const before = useRef(0);
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
    // The scroll event comes with the next frame; lines that come before it must not take the list back to its end.
    const left = pinned.current !== undefined && element.scrollTop < pinned.current && !isAtEnd(element);
    if (follow === true && left) props.onFollow?.(false);
    else if (follow === true) {
      element.scrollTop = element.scrollHeight;
      pinned.current = element.scrollTop;
    } else if (idOf !== undefined && anchor.current !== undefined) {
      const index = indexOfId(items, idOf, anchor.current.id);
      element.scrollTop = index * rowHeight + anchor.current.offset;
    }
    if (follow !== true) pinned.current = undefined;
    look();
  }, [items, follow, rowHeight]);

  useLayoutEffect(() => {
    const element = box.current!;
    if (shown === undefined) return;
    element.scrollTop = scrollFor(shown, element.scrollTop, element.clientHeight, rowHeight);
    look();
  }, [shown]);

  const scrolled = () => {
    const element = box.current!;
    const { scrollTop } = element;
    const isUp = scrollTop < before.current;
    before.current = scrollTop;
    look();
    const atEnd = isAtEnd(element);
    if (follow === true && !atEnd) props.onFollow?.(false);
    if (follow === false && atEnd && !isUp) props.onFollow?.(true);
    if (scrollTop === 0 && follow !== true) props.onTop?.();
    if (atEnd && !isUp) props.onEnd?.();
  };
  /** A wheel that is turned scrolls over several frames; of the first ones the list would still be at its end. */
  const wheeled = ({ deltaY }: WheelEvent) => {
    const { scrollHeight, clientHeight } = box.current!;
    if (follow === true && deltaY < 0 && scrollHeight > clientHeight) props.onFollow?.(false);
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
      onWheel={wheeled}
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

function isAtEnd({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean {
  return scrollTop + clientHeight >= scrollHeight - endSlack;
}
