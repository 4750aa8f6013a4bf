/** Arguments that are no operands: lists, variables, whole numbers; refused where they are something else. */
import { describeOther } from "./describe_other.ts";
import { Variable } from "./variable.ts";

/** A list as it is. TypeError: it is none; `of` says what it should hold. */
export function checkList<L extends readonly unknown[]>(
  what: string,
  list: L,
  of: string,
): L {
  if (Array.isArray(list)) return list;
  throw new TypeError(
    `Cannot ${what}: expected a list of ${of}, got ${describeOther(list)}`,
  );
}

/** One variable or several, as a list. TypeError: something else is among them. */
export function variablesOf(
  what: string,
  v: Variable | readonly Variable[],
): readonly Variable[] {
  const list = Array.isArray(v) ? v as readonly Variable[] : [v as Variable];
  for (const each of list) {
    if (each instanceof Variable) continue;
    throw new TypeError(
      `Cannot ${what}: expected a Variable or a list of them, got ${
        describeOther(each)
      }`,
    );
  }
  return list;
}

/** A whole number as it is. TypeError: it is none; `of` says what it is. */
export function checkWhole(what: string, n: number, of: string): number {
  if (Number.isInteger(n)) return n;
  throw new TypeError(
    `Cannot ${what}: ${of} is ${describeOther(n)}, expected a whole number`,
  );
}
