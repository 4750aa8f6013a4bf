/** The options of a program that trains, and how it refuses what it cannot do. */
import { parseArgs } from "@std/cli";

/** What an option may be. */
type Value = string | number | boolean;

/** Options with values like the defaults. */
export type Options<D> = {
  readonly [name in keyof D]: D[name] extends number ? number
    : D[name] extends string ? string
    : boolean;
};

/** The options of the command line, `defaults` where it says nothing. Ends the program where it names another one, or a number that is not above 0. */
export function optionsOf<D extends Readonly<Record<string, Value>>>(
  defaults: D,
): Options<D> {
  const names = Object.groupBy(
    Object.keys(defaults),
    (name) => typeof defaults[name],
  );
  const given: Record<string, unknown> = parseArgs(Deno.args, {
    string: names.string,
    boolean: names.boolean,
    default: defaults,
  });
  for (const name of Object.keys(given)) {
    if (name !== "_" && !(name in defaults)) refuse(`there is no --${name}`);
  }
  for (const name of names.number ?? []) {
    const value = given[name] = Number(given[name]);
    if (!(value > 0)) refuse(`--${name} is a number above 0`);
  }
  return given as Options<D>;
}

/** Says in one line why nothing is trained, and ends the program. */
export function refuse(why: string): never {
  console.error(`Cannot train: ${why}`);
  Deno.exit(2);
}

/** What `make` gives; where it throws, the program refuses for that reason. */
export function attempt<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    refuse((error as Error).message);
  }
}
