/** What stands behind the operands of a call: options by name, over their defaults. */
import { describeOther } from "./describe_other.ts";
import { didYouMean } from "./nearest.ts";

/** A value for every option of O; undefined where there is none. */
export type Defaults<O> = {
  readonly [name in keyof Required<O>]: O[name] | undefined;
};

/** Options of which those with a default D always have a value. */
export type Filled<O, D> = {
  readonly [name in keyof O & keyof D]:
    | Exclude<O[name], undefined>
    | Extract<D[name], undefined>;
};

/**
 * The options given, and the defaults of the others. `defaults` is all that
 * says which options there are: the likeliest first, undefined for one that
 * has no default. An option that is given as undefined is not given.
 *
 *     const { axis, keepdims } = withDefaults("apply sum", options, {
 *       axis: undefined,
 *       keepdims: false,
 *     });
 *
 * TypeError: no object, so that an axis or a dtype that stands alone would go
 * unread; or an option that is not there.
 */
export function withDefaults<O extends object, const D extends Defaults<O>>(
  what: string,
  given: O,
  defaults: D,
): Filled<O, D> {
  if (!isPlain(given)) throw noOptions(what, given, defaults);
  let filled: Record<string, unknown> = defaults;
  for (const name in given) {
    if (!Object.hasOwn(defaults, name)) {
      throw noOption(what, name, defaults);
    }
    if (given[name] === undefined) continue;
    if (filled === defaults) filled = { ...defaults };
    filled[name] = given[name];
  }
  return filled as Filled<O, D>;
}

function isPlain(x: unknown): boolean {
  if (typeof x !== "object" || x === null) return false;
  const prototype = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

function noOptions(what: string, given: unknown, defaults: object): TypeError {
  const [first] = Object.keys(defaults);
  return new TypeError(
    `Cannot ${what}: expected options, got ${
      describeOther(given)
    }; ${first} is written { ${first}: ${literal(given)} }`,
  );
}

function noOption(what: string, name: string, defaults: object): TypeError {
  const names = Object.keys(defaults);
  return new TypeError(
    `Cannot ${what}: there is no option ${name}, but ${names.join(", ")}${
      didYouMean(name, names)
    }`,
  );
}

/** A value as a script has it, where that is short. */
function literal(x: unknown): string {
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "number" || typeof x === "boolean") return String(x);
  return Array.isArray(x) && x.every((i) => typeof i === "number")
    ? `[${x.join(", ")}]`
    : "…";
}
