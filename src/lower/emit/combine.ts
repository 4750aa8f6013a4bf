/** What each way to reduce is in C: its type, what nothing gives, and how a value is combined in. */
import { type Dtype, DTYPES, isFloat } from "../../graph/dtype.ts";
import type { Combine, Expr } from "../../graph/loops.ts";
import { dtypeOf, literal } from "./expression.ts";
import { computed, type Reduce, typeName } from "./nest.ts";

/** The dtype in which a kernel computes an expression. */
export function valueDtype(e: Expr): Dtype {
  return computed(dtypeOf(e));
}

/** True for what finds a position, not a value. */
export function isPositional(combine: Combine): boolean {
  return combine === "argmax" || combine === "argmin";
}

/** The C type of what a reduction finds. */
export function resultType({ combine, dtype }: Reduce): string {
  return isPositional(combine) ? "int64_t" : typeName(dtype);
}

/** What a reduction of nothing gives. */
export function identity(combine: Combine, dtype: Dtype): string {
  switch (combine) {
    case "sum":
    case "or":
      return literal(0, dtype);
    case "prod":
    case "and":
      return literal(1, dtype);
    case "max":
    case "argmax":
      return lowest(dtype);
    case "min":
    case "argmin":
      return highest(dtype);
    default:
      return combine satisfies never;
  }
}

function lowest(dtype: Dtype): string {
  const { kind, size } = DTYPES[dtype];
  return kind === "float"
    ? literal(-Infinity, dtype)
    : kind === "int"
    ? `INT${8 * size}_MIN`
    : "0";
}

function highest(dtype: Dtype): string {
  const { kind, size } = DTYPES[dtype];
  if (kind === "float") return literal(Infinity, dtype);
  return kind === "bool"
    ? "1"
    : `${kind === "uint" ? "U" : ""}INT${8 * size}_MAX`;
}

/** The statement that combines `value` into `sum`. */
export function merge(
  combine: Combine,
  dtype: Dtype,
  sum: string,
  value: string,
): string {
  const { suffix } = DTYPES[dtype];
  switch (combine) {
    case "sum":
      return `${sum} += ${value}`;
    case "prod":
      return `${sum} *= ${value}`;
    case "and":
      return `${sum} &= ${value}`;
    case "or":
      return `${sum} |= ${value}`;
    case "max":
    case "min":
    case "argmax":
    case "argmin": {
      const largest = combine === "max" || combine === "argmax";
      if (isFloat(dtype)) {
        return `${sum} = ${
          largest ? "max" : "min"
        }imum_${suffix}(${sum}, ${value})`;
      }
      const sign = largest ? ">" : "<";
      return `${sum} = ${sum} ${sign} (${value}) ? ${sum} : (${value})`;
    }
    default:
      return combine satisfies never;
  }
}
