const maxTraces = 2048;

/** The traces that the observer asked for, the latest 2048 of them: their late spans are sent too. */
export class WantedTraces {
  /** In the order they were asked for. */
  readonly #ids = new Set<string>();

  get any(): boolean {
    return this.#ids.size > 0;
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }

  add(traceIds: readonly string[]): void {
    for (const id of traceIds) {
      this.#ids.delete(id);
      this.#ids.add(id);
    }
    for (const id of this.#ids) {
      if (this.#ids.size <= maxTraces) break;
      this.#ids.delete(id);
    }
  }
}
