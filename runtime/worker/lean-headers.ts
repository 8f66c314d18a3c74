import type { HeaderList } from "../calls/mesh.ts";

/**
 * A call's headers as the web's `Headers`, over the flat list they came in. Hot path: `get` is a scan of a short
 * array; a real `Headers` (0.25 µs for two entries) is made only for what few handlers do.
 */
export class LeanHeaders {
  readonly #list: HeaderList;
  #native: Headers | undefined;

  constructor(list: HeaderList) {
    this.#list = list;
  }

  get(name: string): string | null {
    if (this.#native !== undefined) return this.#native.get(name);
    const list = this.#list;
    const wanted = isLower(name) ? name : name.toLowerCase();
    let found: string | null = null;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== wanted) continue;
      // Cookies are the one header that HTTP joins in another way when it stands there twice (RFC 9113 8.2.3).
      found = found === null ? list[i + 1]! : found + (wanted === "cookie" ? "; " : ", ") + list[i + 1];
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  forEach(visit: (value: string, key: string, parent: Headers) => void, self?: unknown): void {
    this.native().forEach((value, key) => {
      visit.call(self, value, key, this.asHeaders());
    });
  }

  append(name: string, value: string): void {
    this.native().append(name, value);
  }

  set(name: string, value: string): void {
    this.native().set(name, value);
  }

  delete(name: string): void {
    this.native().delete(name);
  }

  entries() {
    return this.native().entries();
  }

  keys() {
    return this.native().keys();
  }

  values() {
    return this.native().values();
  }

  getAll(name: "set-cookie" | "Set-Cookie"): string[] {
    return this.native().getAll(name);
  }

  getSetCookie(): string[] {
    return this.native().getSetCookie();
  }

  toJSON(): Record<string, string> {
    return this.native().toJSON() as Record<string, string>;
  }

  get count(): number {
    return this.native().count;
  }

  [Symbol.iterator]() {
    return this.native()[Symbol.iterator]();
  }

  /** From then on the truth, because it may be changed through it. */
  native(): Headers {
    if (this.#native === undefined) {
      const headers = new Headers();
      const names = new Set<string>();
      for (let i = 0; i < this.#list.length; i += 2) names.add(this.#list[i]!);
      for (const name of names) headers.set(name, this.get(name)!);
      this.#native = headers;
    }
    return this.#native;
  }

  asHeaders(): Headers {
    return this as unknown as Headers;
  }
}

// `instanceof Headers` holds for them, as code that accepts either a Headers or a plain object asks.
Object.setPrototypeOf(LeanHeaders.prototype, Headers.prototype);

function isLower(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 65 && code <= 90) return false;
  }
  return true;
}
