import type { ComponentChildren } from "preact";

/** Filters and actions in a row that wraps; `<Spring />` pushes what follows to the right. */
export function Toolbar({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="toolbar" role="group" aria-label={label}>
      {children}
    </div>
  );
}

export function Spring() {
  return <span class="spring" />;
}
