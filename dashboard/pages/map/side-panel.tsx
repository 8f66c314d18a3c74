import type { ComponentChildren } from "preact";
import { CloseButton } from "../../components/close-button.tsx";
import { useEscape } from "../../components/use-escape.ts";
import "./side.css";

export interface SidePanelProps {
  readonly title: string;
  readonly badge?: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Beside the map, or over its lower part on a phone. Escape closes it. */
export function SidePanel({ title, badge, onClose, children }: SidePanelProps) {
  useEscape(onClose);
  return (
    <aside class="side" aria-label={title}>
      <header class="side-head">
        <h2>{title}</h2>
        {badge}
        <CloseButton onClose={onClose} />
      </header>
      <div class="side-body">{children}</div>
    </aside>
  );
}
