/** Something is on its way. Shown after a moment only: what comes at once needs no word before it. */
export function Loading({ what }: { what: string }) {
  return (
    <p class="loading-line" role="status">
      <span class="spinner" aria-hidden="true" /> Loading {what}…
    </p>
  );
}
