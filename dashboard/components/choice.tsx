import type { ComponentChildren } from "preact";

export interface ChoiceProps<K extends string> {
  /** What is chosen here, for a screen reader. */
  readonly label: string;
  readonly options: readonly { readonly key: K; readonly text: ComponentChildren }[];
  readonly chosen: K;
  readonly onChoose: (key: K) => void;
}

/** One of a few, side by side. One tab stop; arrow keys choose, as in the radio group pattern of WAI-ARIA. */
export function Segments<K extends string>({ label, options, chosen, onChoose }: ChoiceProps<K>) {
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const at = options.findIndex(({ key }) => key === chosen);
    const next = options[(at + step + options.length) % options.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.key);
    const buttons = (event.currentTarget as HTMLElement).querySelectorAll("button");
    buttons[options.indexOf(next)]?.focus();
  };
  return (
    <div class="segments" role="radiogroup" aria-label={label} onKeyDown={pressed}>
      {options.map(({ key, text }) => (
        <button
          key={key}
          type="button"
          role="radio"
          aria-checked={key === chosen}
          tabIndex={key === chosen ? 0 : -1}
          onClick={() => onChoose(key)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
