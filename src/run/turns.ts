/** What one call at a time may use: calls beside the event loop take it in the order in which they were made. */

/** Something that calls own while they are in flight. */
export interface Owned {
  /** Calls that use it now or wait for it; to all others it is closed. */
  owners: number;
  /** The end of the last call that waits for it. */
  last: Promise<void> | null;
}

/**
 * Runs `run` when all calls have ended that asked before for any of `uses`.
 * From now on until it has ended they belong to it. RangeError: a call that
 * runs on the event loop, and has paused, owns one.
 */
export async function inTurn<T>(
  uses: readonly Owned[],
  run: () => Promise<T>,
): Promise<T> {
  if (uses.some(({ owners, last }) => owners > 0 && last === null)) {
    throw new RangeError(
      "Cannot call a function: a call that is not over owns what it uses; wait until that has returned",
    );
  }
  const before = uses.map(({ last }) => last),
    { promise: ended, resolve: end } = Promise.withResolvers<void>();
  for (const used of uses) {
    used.owners++;
    used.last = ended;
  }
  await Promise.all(before);
  try {
    return await run();
  } finally {
    for (const used of uses) {
      used.owners--;
      if (used.last === ended) used.last = null;
    }
    end();
  }
}
