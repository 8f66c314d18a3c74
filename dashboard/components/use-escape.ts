import { useLayoutEffect, useRef } from "preact/hooks";

/** Calls `close` when Escape is pressed anywhere, unless something nearer took it, such as a search that is cleared by it. */
export function useEscape(close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  // At once and not after the next frame: a quick Escape would be lost.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      // A search field that has something in it is emptied first.
      const field = event.target instanceof HTMLInputElement ? event.target : undefined;
      if (field?.type === "search" && field.value !== "") return;
      latest.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
