/** Longer lines are cut here, so that a worker that never writes a newline cannot fill the supervisor's memory. */
export const maxLineCharacters = 1024 * 1024;
export const cutMark = " … [line cut]";

const replacement = "\ufffd";
/** As a writer may have meant it. */
const replacementBytes = Buffer.from(replacement);
const lastBytes = replacementBytes.length - 1;
const newline = 0x0a;

/**
 * Turns the bytes of a stream into lines. Bytes that are no UTF-8 become U+FFFD, and their line is told as mended; `\r\n`
 * counts as a newline.
 */
export class LineSplitter {
  readonly #line: (text: string, isMended: boolean) => void;
  readonly #maxCharacters: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  #rest = "";
  /** The current line was handed over cut; what follows up to the newline is dropped. */
  #skipping = false;
  /** The current line had bytes that are no UTF-8. */
  #isMended = false;
  /** The last bytes of the current line, with which U+FFFD may have begun. */
  #last = Buffer.alloc(0);

  constructor(line: (text: string, isMended: boolean) => void, maxCharacters = maxLineCharacters) {
    this.#line = line;
    this.#maxCharacters = maxCharacters;
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    // Seldom: what was written of U+FFFD itself must be told from what was made of other bytes.
    this.#take(text, text.includes(replacement) ? Buffer.concat([this.#last, chunk]) : undefined);
    const end = Buffer.concat([this.#last, chunk.subarray(-lastBytes)]).subarray(-lastBytes);
    this.#last = end.subarray(end.lastIndexOf(newline) + 1);
  }

  /** The stream ended: what is left is a line without its newline. */
  end(): void {
    const text = this.#decoder.decode();
    this.#take(text, text === "" ? undefined : this.#last);
    if (this.#rest !== "" && !this.#skipping) this.#tell(this.#rest);
    this.#begin();
  }

  /** `bytes` of the text, when it is to be looked at what became of them. */
  #take(text: string, bytes: Buffer | undefined): void {
    let from = 0;
    let byte = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const byteEnd = bytes?.indexOf(newline, byte) ?? 0;
      this.#add(text.slice(from, end), bytes?.subarray(byte, byteEnd));
      if (!this.#skipping) this.#tell(this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest);
      this.#begin();
      from = end + 1;
      byte = byteEnd + 1;
    }
    if (from < text.length) this.#add(text.slice(from), bytes?.subarray(byte));
  }

  #add(part: string, bytes: Buffer | undefined): void {
    if (this.#skipping) return;
    if (bytes !== undefined) this.#isMended ||= times(part, replacement) > times(bytes, replacementBytes);
    if (this.#rest.length + part.length <= this.#maxCharacters) {
      this.#rest += part;
      return;
    }
    this.#tell(this.#rest + part.slice(0, this.#maxCharacters - this.#rest.length) + cutMark);
    this.#rest = "";
    this.#skipping = true;
  }

  #tell(text: string): void {
    this.#line(text, this.#isMended);
  }

  #begin(): void {
    this.#rest = "";
    this.#skipping = false;
    this.#isMended = false;
  }
}

function times<T extends string | Buffer>(text: T, sought: T): number {
  let count = 0;
  for (
    let at = text.indexOf(sought as string);
    at !== -1;
    at = text.indexOf(sought as string, at + sought.length)
  )
    count++;
  return count;
}
