import { computed, signal } from "@preact/signals";

/** Where the page is: `/traces/4bf9…?service=orders`. Readable everywhere, changed by `navigate` and `setQuery` only. */
const address = signal(new URL(location.href));

addEventListener("popstate", () => {
  address.value = new URL(location.href);
});

export const path = computed(() => address.value.pathname);

/** Signals compare by identity: a new one with every change of address. */
export const query = computed(() => address.value.searchParams);

export interface NavigateOptions {
  /** In place of the present entry of the history: for what changes with each key. */
  readonly replace?: boolean;
}

/** To another place of the dashboard; `to` is relative to the present address. */
export function navigate(to: string, options: NavigateOptions = {}): void {
  const target = new URL(to, address.value);
  if (target.origin !== location.origin) throw new Error(`${to} is not a place of the dashboard`);
  if (target.href === address.value.href) return;
  history[options.replace === true ? "replaceState" : "pushState"](null, "", target);
  address.value = target;
}

/** Changes some parameters and keeps the others; undefined and "" remove one. Replaces the history's entry by default. */
export function setQuery(
  changes: Readonly<Record<string, string | undefined>>,
  options: NavigateOptions = { replace: true },
): void {
  const target = new URL(address.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") target.searchParams.delete(name);
    else target.searchParams.set(name, value);
  }
  navigate(target.href, options);
}

/** Lets plain links within the dashboard change the page without loading it anew. Returns how to stop. */
export function followLinks(root: HTMLElement): () => void {
  const clicked = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.pathname.startsWith("/api/")) return;
    event.preventDefault();
    navigate(link.href);
  };
  root.addEventListener("click", clicked);
  return () => root.removeEventListener("click", clicked);
}
