import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../components/icon.tsx";
import { icons } from "../../icons.ts";
import "./side.css";

export interface SidePanelProps {
  readonly title: string;
  readonly badge?: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Beside the map, or over its lower part on a phone. Escape closes it. */
export function SidePanel({ title, badge, onClose, children }: SidePanelProps) {
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape") close.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <aside class="side" aria-label={title}>
      <header class="side-head">
        <h2>{title}</h2>
        {badge}
        <button type="button" class="button quiet icon" aria-label="Close" onClick={onClose}>
          <Icon path={icons.close} />
        </button>
      </header>
      <div class="side-body">{children}</div>
    </aside>
  );
}
