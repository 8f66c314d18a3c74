import type { ComponentChildren } from "preact";

export interface ChoiceProps<K extends string> {
  /** What is chosen here, for a screen reader. */
  readonly label: string;
  readonly options: readonly { readonly key: K; readonly text: ComponentChildren }[];
  readonly chosen: K;
  readonly onChoose: (key: K) => void;
}

/** One of a few, side by side. */
export function Segments<K extends string>(props: ChoiceProps<K>) {
  return <Choice {...props} class="segments" list="radiogroup" item="radio" mark="aria-checked" />;
}

/** One of several views of the same thing; what it shows comes below. */
export function Tabs<K extends string>(props: ChoiceProps<K>) {
  return <Choice {...props} class="tabs" list="tablist" item="tab" mark="aria-selected" />;
}

interface Roles {
  readonly class: string;
  readonly list: "radiogroup" | "tablist";
  readonly item: "radio" | "tab";
  readonly mark: "aria-checked" | "aria-selected";
}

/** One tab stop; arrow keys choose, as in the patterns of WAI-ARIA. */
function Choice<K extends string>(props: ChoiceProps<K> & Roles) {
  const { label, options, chosen, onChoose, list, item, mark } = props;
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
    // biome-ignore lint/a11y/noStaticElementInteractions: its role comes from the caller
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: its role comes from the caller
    <div class={props.class} role={list} aria-label={label} onKeyDown={pressed}>
      {options.map(({ key, text }) => (
        <button
          key={key}
          type="button"
          role={item}
          {...{ [mark]: key === chosen }}
          tabIndex={key === chosen ? 0 : -1}
          onClick={() => onChoose(key)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
