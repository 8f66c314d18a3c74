import type { ComponentChildren } from "preact";
import { ApiError } from "../api.ts";
import { icons } from "../icons.ts";
import { connection } from "../live.ts";
import { Icon } from "./icon.tsx";

/** There is nothing to show, and what would change that. */
export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {children !== undefined && <div class="state-text">{children}</div>}
    </div>
  );
}

export interface ErrorStateProps {
  readonly title?: string;
  readonly detail?: string | undefined;
  /** An ApiError brings its detail and hint. */
  readonly error?: unknown;
  readonly retry?: () => void;
}

/** Something failed: what, why, what to do. */
export function ErrorState({ title = "This cannot be shown", detail, error, retry }: ErrorStateProps) {
  const text = detail ?? (error instanceof Error ? error.message : undefined);
  const hint = error instanceof ApiError ? error.hint : undefined;
  return (
    <div class="state failed" role="alert">
      <Icon path={icons.alert} />
      <h2>{title}</h2>
      {text !== undefined && <p class="state-text">{text}</p>}
      {hint !== undefined && <p class="state-text muted">{hint}</p>}
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** One line above what is still shown, when refreshing it failed. Of a run that does not answer the banner tells once for all. */
export function ErrorLine({ message }: { message: string | undefined }) {
  return message === undefined || connection.value === "lost" ? null : (
    <p class="error-line" role="alert">
      <Icon path={icons.alert} />
      {message}
    </p>
  );
}
