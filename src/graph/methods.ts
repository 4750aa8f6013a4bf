/** The methods of a Variable: their types and what each does; src/ops/methods.ts attaches them. */

/** Filled in below. */
// deno-lint-ignore no-empty-interface
export interface Methods<R extends number> {
  readonly _rank?: R;
}
