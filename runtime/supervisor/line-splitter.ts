/** Longer lines are cut here, so that a worker that never writes a newline cannot fill the supervisor's memory. */
export const maxLineCharacters = 1024 * 1024;
export const cutMark = " … [line cut]";

/** Turns the bytes of a stream into lines. Bytes that are no UTF-8 become U+FFFD; `\r\n` counts as a newline. */
export class LineSplitter {
  readonly #line: (text: string) => void;
  readonly #maxCharacters: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  #rest = "";
  /** The current line was handed over cut; what follows up to the newline is dropped. */
  #skipping = false;

  constructor(line: (text: string) => void, maxCharacters = maxLineCharacters) {
    this.#line = line;
    this.#maxCharacters = maxCharacters;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** The stream ended: what is left is a line without its newline. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#rest !== "" && !this.#skipping) this.#line(this.#rest);
    this.#rest = "";
    this.#skipping = false;
  }

  #take(text: string): void {
    let from = 0;
    for (let newline = text.indexOf("\n"); newline !== -1; newline = text.indexOf("\n", from)) {
      this.#add(text.slice(from, newline));
      if (!this.#skipping) this.#line(this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest);
      this.#rest = "";
      this.#skipping = false;
      from = newline + 1;
    }
    if (from < text.length) this.#add(text.slice(from));
  }

  #add(part: string): void {
    if (this.#skipping) return;
    if (this.#rest.length + part.length <= this.#maxCharacters) {
      this.#rest += part;
      return;
    }
    this.#line(this.#rest + part.slice(0, this.#maxCharacters - this.#rest.length) + cutMark);
    this.#rest = "";
    this.#skipping = true;
  }
}
