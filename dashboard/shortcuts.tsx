import { useEffect, useRef } from "preact/hooks";
import { CloseButton } from "./components/close-button.tsx";
import { Icon } from "./components/icon.tsx";
import { icons } from "./icons.ts";
import type { Page } from "./page.ts";
import { keysOf, pageOf } from "./page-keys.ts";
import { navigate } from "./router.ts";
import { nextTheme } from "./theme.ts";

const otherLines: readonly (readonly [keys: readonly string[], what: string])[] = [
  [["/"], "search on this page"],
  [["Esc"], "close a panel, empty a search"],
  [["←", "↑", "↓", "→"], "in the map: from service to service; in a trace: from span to span"],
  [["Enter"], "open what has the focus"],
  [["t"], "light, dark, or as the system"],
  [["?"], "these keys"],
];

/** Keys for the whole dashboard, and the list of them. */
export function Shortcuts({ pages }: { pages: readonly Page[] }) {
  const shown = useRef(pages);
  shown.current = pages;
  const dialog = useRef<HTMLDialogElement>(null);
  const toggle = () => {
    if (dialog.current!.open) dialog.current!.close();
    else dialog.current!.showModal();
  };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if ((event.target as Element | null)?.closest?.("input, textarea, select") != null) return;
      if (event.key === "?") toggle();
      else if (dialog.current!.open) return;
      else if (event.key === "t") nextTheme();
      else if (event.key === "/") search();
      else if (!open(pageOf(event.key, shown.current))) return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <>
      <button
        type="button"
        class="button quiet icon shortcuts-button"
        title="Keys: ?"
        aria-label="Keyboard shortcuts"
        aria-keyshortcuts="?"
        onClick={toggle}
      >
        <Icon path={icons.keys} />
      </button>
      <dialog ref={dialog} class="shortcuts" aria-labelledby="shortcuts-title">
        <div class="panel-head">
          <h2 id="shortcuts-title">Keys</h2>
          <CloseButton onClose={toggle} />
        </div>
        <dl class="shortcuts-list">
          {[[keysOf(pages.length), "the pages, from left to right"] as const, ...otherLines].map(
            ([keys, what]) => (
              <div key={what}>
                <dt>
                  {keys.map((key, place) => {
                    const own = `${place} ${key}`;
                    return key === "…" ? <span key={own}>…</span> : <kbd key={own}>{key}</kbd>;
                  })}
                </dt>
                <dd>{what}</dd>
              </div>
            ),
          )}
        </dl>
      </dialog>
    </>
  );
}

/** The page's own search, if it has one. */
function search(): void {
  document.querySelector<HTMLInputElement>("main input[type=search]")?.focus();
}

function open(page: Page | undefined): boolean {
  if (page === undefined) return false;
  navigate(page.path);
  // Where a link had the focus, it would still have it, on the page before.
  document.getElementById("main")?.focus({ preventScroll: true });
  return true;
}
