/** Options that are no object are refused: destructured, an axis or a dtype that stands alone would go unread. */

/** How one is written, for messages. */
export const DTYPE_OPTION = 'a dtype is written { dtype: "int64" }';

/** The options. TypeError: they are no object; `remedy` says how one is written. */
export function checkOptions<O>(what: string, options: O, remedy: string): O {
  if (typeof options === "object" && options && !Array.isArray(options)) {
    return options;
  }
  throw new TypeError(
    `Cannot ${what}: expected options, got ${
      JSON.stringify(options)
    }; ${remedy}`,
  );
}
