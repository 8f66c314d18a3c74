import type { ComponentChildren } from "preact";

export interface PanelProps {
  readonly title?: ComponentChildren;
  /** Right of the title. */
  readonly actions?: ComponentChildren;
  /** Without padding: tables and lists go to the edges. */
  readonly flush?: boolean;
  /** Takes the height that is left. */
  readonly fill?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Panel({ title, actions, flush, fill, class: name, children }: PanelProps) {
  return (
    <section class={`panel ${fill === true ? "fill" : ""} ${name ?? ""}`}>
      {(title !== undefined || actions !== undefined) && (
        <header class="panel-head">
          <h2>{title}</h2>
          {actions}
        </header>
      )}
      <div class={`panel-body ${flush === true ? "flush" : ""}`}>{children}</div>
    </section>
  );
}
