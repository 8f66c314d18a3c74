/** A stroked picture of icons.ts; decoration only, the words beside it or the label of its button say the same. */
export function Icon({ path }: { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
