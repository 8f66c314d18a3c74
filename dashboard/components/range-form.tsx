import { useState } from "preact/hooks";
import { fieldTextOf, rangeOf } from "./range-input.ts";
import { useEscape } from "./use-escape.ts";

export interface RangeFormProps {
  /** What is shown at the moment: the fields begin with it. */
  readonly from: number;
  readonly to: number;
  readonly now: () => number;
  readonly onChoose: (from: number, to: number) => void;
  readonly onClose: () => void;
}

/** Any stretch of time, to the second. */
export function RangeForm({ now, onChoose, onClose, ...shown }: RangeFormProps) {
  const [from, setFrom] = useState(() => fieldTextOf(shown.from));
  const [to, setTo] = useState(() => fieldTextOf(shown.to));
  const [fault, setFault] = useState<{ field: "from" | "to"; problem: string }>();
  useEscape(onClose);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const range = rangeOf(from, to, now());
    if ("problem" in range) return setFault(range);
    onChoose(range.from, range.to);
    onClose();
  };
  const fieldOf = (name: "from" | "to", value: string, set: (text: string) => void) => (
    <label class="field">
      <span class="range-label">{name === "from" ? "From" : "To"}</span>
      <input
        class="input"
        type="datetime-local"
        step="1"
        value={value}
        aria-invalid={fault?.field === name}
        aria-describedby={fault?.field === name ? "range-problem" : undefined}
        onInput={(event) => {
          set(event.currentTarget.value);
          setFault(undefined);
        }}
      />
    </label>
  );
  return (
    // The browser's own bubbles would be gone with the next click.
    <form class="range-form" aria-label="Another stretch of time" noValidate onSubmit={submit}>
      {fieldOf("from", from, setFrom)}
      {fieldOf("to", to, setTo)}
      {fault !== undefined && (
        <p id="range-problem" class="bad-text" role="alert">
          {fault.problem}
        </p>
      )}
      <p class="range-buttons">
        <button type="button" class="button small" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button small primary">
          Show
        </button>
      </p>
    </form>
  );
}
