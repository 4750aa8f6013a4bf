/** Types of the Deno standard library's command-line parser; the names of jsr:@std/cli@1. */

/** What the parser is told. */
export interface ParseOptions<
  S extends string,
  B extends string,
  D extends Readonly<Record<string, unknown>>,
> {
  /** Names whose values stay text, even where they look like numbers. */
  readonly string?: S | readonly S[];
  /** Names that take no value. */
  readonly boolean?: B | readonly B[];
  /** Values of names that are not given. */
  readonly default?: D;
  /** Other names for a name. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Names that may stand several times. */
  readonly collect?: string | readonly string[];
  /** True: what follows `--` is kept apart. */
  readonly "--"?: boolean;
  /** True: parsing ends at the first word that is no option. */
  readonly stopEarly?: boolean;
}

type Widen<T> = T extends string ? string
  : T extends number ? number
  : T extends boolean ? boolean
  : T;

/** What the parser found: the options by name, and the other words as `_`. */
export type Parsed<S extends string, B extends string, D> =
  & { readonly _: readonly (string | number)[] }
  & {
    readonly [name in S]: name extends keyof D ? Widen<D[name]>
      : string | undefined;
  }
  & { readonly [name in B]: boolean }
  & { readonly [name in Exclude<keyof D, S | B>]: Widen<D[name]> };

/** Reads a command line: `--name value`, `--name=value`, `--flag`, `-f`, words. */
export declare function parseArgs<
  S extends string = never,
  B extends string = never,
  // deno-lint-ignore ban-types
  D extends Readonly<Record<string, unknown>> = {},
>(args: readonly string[], options?: ParseOptions<S, B, D>): Parsed<S, B, D>;
