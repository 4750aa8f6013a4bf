/** Calls beside the event loop, in order: one waits for all before it that use what it uses. */

/** A call that has not ended. */
interface Turn {
  readonly uses: readonly object[];
  readonly start: () => void;
  started: boolean;
}

/** The calls of a process that have not ended, in the order in which they were made. */
export class Turns {
  #turns: Turn[] = [];

  /**
   * Runs `run` as soon as no earlier turn uses any of `uses`: at once, if none
   * does. What it gives is given on, after the turns that waited for it have
   * begun.
   */
  take<T>(uses: readonly object[], run: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const turn: Turn = {
      uses,
      started: false,
      start: () => {
        const end = () => {
          this.#turns.splice(this.#turns.indexOf(turn), 1);
          this.#begin();
        };
        run().then(
          (value) => (end(), resolve(value)),
          (error) => (end(), reject(error)),
        );
      },
    };
    this.#turns.push(turn);
    this.#begin();
    return promise;
  }

  #begin(): void {
    const taken = new Set<object>();
    for (const turn of [...this.#turns]) {
      const free = turn.uses.every((used) => !taken.has(used));
      for (const used of turn.uses) taken.add(used);
      if (!free || turn.started) continue;
      turn.started = true;
      turn.start();
    }
  }
}
