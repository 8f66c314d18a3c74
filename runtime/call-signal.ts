/**
 * Tells that nobody waits for a call any more. A part of AbortSignal, which is one: the gateway's own costs nothing
 * until someone listens, where a native one takes as long to make and to listen to as the whole call.
 */
export interface CallSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: AbortListener): void;
  removeEventListener(type: "abort", listener: AbortListener): void;
}

export type AbortListener = (() => void) | { handleEvent(): void };

/** Listeners of one signal: nearly always none or one. */
export class AbortListeners {
  #first: AbortListener | undefined;
  #more: Set<AbortListener> | undefined;

  add(listener: AbortListener): void {
    if (this.#first === undefined) this.#first = listener;
    else {
      this.#more ??= new Set();
      this.#more.add(listener);
    }
  }

  remove(listener: AbortListener): void {
    if (this.#first === listener) this.#first = undefined;
    else this.#more?.delete(listener);
  }

  /** Tells each once. */
  tell(): void {
    const listeners = this.#first === undefined ? [] : [this.#first];
    if (this.#more !== undefined) listeners.push(...this.#more);
    this.#first = undefined;
    this.#more = undefined;
    for (const listener of listeners) {
      if (typeof listener === "function") listener();
      else listener.handleEvent();
    }
  }
}

/** A native signal that aborts with the first of them. */
export function anySignal(...signals: readonly CallSignal[]): AbortSignal {
  return AbortSignal.any(
    signals.map((signal) => (signal instanceof AbortSignal ? signal : nativeOf(signal))),
  );
}

/** Native ones are left to AbortSignal.any, which lets go of listeners: an author's signal may outlive many calls. */
function nativeOf(signal: CallSignal): AbortSignal {
  const native = new AbortController();
  if (signal.aborted) native.abort();
  else signal.addEventListener("abort", () => native.abort());
  return native.signal;
}
