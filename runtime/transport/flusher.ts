/** Writes what its links gathered during one turn of the event loop, when that turn is over. */
export interface Flushable {
  /** Writes what was gathered. */
  turnEnded(): void;
}

/** Decides when a link's frames leave. */
export interface Flushes {
  schedule(link: Flushable): void;
}

/** For links whose frames must be gone before those of the turn. */
export const earlyFlusher: Flushes = {
  schedule: (link) => queueMicrotask(() => link.turnEnded()),
};

/**
 * One immediate for all links of a transport: it runs when the sockets that were ready have been served, so that the
 * frames of all of them leave in one write per link. A microtask would run after each socket instead: measured with
 * 64 HTTP clients before one link, the immediate carried 16 to 25 % more requests, at 10 % less CPU for each.
 */
export class Flusher implements Flushes {
  #dirty: Flushable[] = [];
  #spare: Flushable[] = [];

  schedule(link: Flushable): void {
    if (this.#dirty.push(link) === 1) setImmediate(this.#run);
  }

  readonly #run = (): void => {
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    for (const link of dirty) link.turnEnded();
    dirty.length = 0;
    this.#spare = dirty;
  };
}
