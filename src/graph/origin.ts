/** Where in the user's program a node was made: captured cheaply, read only when something must be said. */

/** A point in the user's program. Nodes that are derived from others share theirs. */
export class Origin {
  readonly #at: { stack?: string };
  /** Where the function `below` was called. */
  constructor(below: unknown) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 12;
    this.#at = {};
    Error.captureStackTrace(this.#at, below as () => void);
    Error.stackTraceLimit = stackTraceLimit;
  }

  /** `file:line:column` of the user's own line: the first frame outside this library. */
  get line(): string {
    const root = new URL("../", import.meta.url).href;
    for (const frame of (this.#at.stack ?? "").split("\n").slice(1)) {
      const at = /(?:\()?((?:file|https?|data|blob):[^)\s]+:\d+:\d+)\)?$/.exec(
        frame.trim(),
      )?.[1];
      if (at && !at.startsWith(root) && !at.includes("ext:")) {
        return at.replace(/^file:\/\//, "");
      }
    }
    return "unknown";
  }
}

let inherited: Origin | null = null;

/** Nodes made while `make` runs take this origin instead of a stack of their own. */
export function derived<T>(origin: Origin | null, make: () => T): T {
  const before = inherited;
  inherited = origin ?? inherited;
  try {
    return make();
  } finally {
    inherited = before;
  }
}

/** The origin for a node made now, by `below` or a function it calls. */
export function originNow(below: unknown): Origin {
  return inherited ?? new Origin(below);
}
