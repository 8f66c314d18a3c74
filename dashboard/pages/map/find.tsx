import { useRef } from "preact/hooks";

export interface FindProps {
  readonly text: string;
  readonly matches: number;
  readonly onText: (text: string) => void;
  /** To the first that was found. */
  readonly onGo: () => void;
}

/** Lights up services by name while one types; Enter opens the first. */
export function Find({ text, matches, onText, onGo }: FindProps) {
  const input = useRef<HTMLInputElement>(null);
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter") onGo();
    if (event.key !== "Escape") return;
    // A panel that is open stays: the first Escape is for the search.
    event.preventDefault();
    onText("");
    input.current?.blur();
  };
  return (
    <div class="map-find" role="search">
      <input
        ref={input}
        class="input"
        type="search"
        placeholder="Find a service"
        aria-label="Find a service"
        aria-keyshortcuts="/"
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      {text === "" ? (
        <kbd>/</kbd>
      ) : (
        <span class={`map-found ${matches === 0 ? "none" : ""}`} role="status">
          {matches === 0 ? "none" : matches}
        </span>
      )}
    </div>
  );
}
