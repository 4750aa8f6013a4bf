/** Arrays made longer at both ends of their axes, in all of NumPy's modes. */
import { describeOther } from "../../graph/describe_other.ts";
import { withDefaults } from "../../graph/options.ts";
import { isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { broadcastTo } from "./broadcast_to.ts";
import { arange } from "../arange.ts";
import { full } from "../constructors.ts";
import { asVariable, type Operand } from "../define.ts";
import { dimshuffle } from "./dimshuffle.ts";
import {
  add,
  cast,
  clip,
  div,
  floor,
  maximum,
  mod,
  mul,
  round,
  sub,
} from "../elementwise/elemwise.ts";
import { lt, where } from "../elementwise/elemwise_logic.ts";
import { slice } from "../../graph/indexing.ts";
import { join } from "./join.ts";
import { SYMBOLIC } from "./length_graph.ts";
import { max, min } from "../reductions/reduce.ts";
import { lengthsOf, shapeAt } from "./shape.ts";
import { addBroadcast } from "./stacks.ts";
import { mean, median } from "../reductions/statistics.ts";

/** How many elements come at one end of an axis; an integer of no axes where only the run knows. */
export type PadCount = number | Variable;

/** How many elements come before and behind an axis; one number for both. */
export type PadWidth = PadCount | readonly [before: PadCount, after: PadCount];

/** What the new elements are. */
export type PadMode =
  /** `value`. */
  | "constant"
  /** The last element before them. */
  | "edge"
  /** On the way from the last element to `value`, which the outermost are. */
  | "linear_ramp"
  | "maximum"
  | "mean"
  | "median"
  | "minimum"
  /** Mirrored at the last element, which stands once. */
  | "reflect"
  /** Mirrored behind the last element, which stands twice. */
  | "symmetric"
  /** Those of the other end. */
  | "wrap"
  /** Anything: they are zeros. */
  | "empty";

/** How to pad. */
export interface PadOptions {
  /** Constant unless given. */
  readonly mode?: PadMode;
  /** For constant and linear_ramp, 0 unless given. */
  readonly value?: Operand;
  /** How many elements at the end of an axis maximum, mean, median and minimum look at; all unless given. */
  readonly statLength?: number;
}

/** One axis that is padded. */
interface Padding extends Required<Pick<PadOptions, "mode" | "value">> {
  readonly axis: number;
  readonly before: PadCount;
  readonly after: PadCount;
  readonly statLength?: number;
}

/**
 * x with new elements before and behind each axis: `width` is one width for
 * all axes or a list of one for each. Axes are padded one after the other, so
 * corners follow from what the axes before them were given.
 *
 * TypeError: not a width for each axis. RangeError: a width is negative, or an
 * axis without elements is padded with something that they would decide.
 *
 * ```ts
 * import { function as compile, pad, vector } from "damo";
 * const x = vector("x"), f = compile([x], pad(x, [[2, 1]], { mode: "reflect" }));
 * console.log(f([1, 2, 3]).toArray()); // [ 3, 2, 1, 2, 3, 2 ]
 * ```
 */
export function pad(
  x: Operand,
  width: PadCount | readonly PadWidth[],
  options: PadOptions = {},
): Variable {
  const { mode, value, statLength } = withDefaults("apply pad", options, {
    mode: "constant",
    value: 0,
    statLength: undefined,
  });
  const v = asVariable(x),
    widths: readonly PadWidth[] = Array.isArray(width)
      ? width
      : v.type.shape.map(() => width as PadCount);
  if (widths.length !== v.ndim) {
    throw new TypeError(
      `Cannot apply pad: ${widths.length} widths for ${v.ndim} axes`,
    );
  }
  return widths.reduce<Variable>((y, w, axis) => {
    const [before, after] = Array.isArray(w)
      ? w as [PadCount, PadCount]
      : [w as PadCount, w as PadCount];
    const wrong = [before, after].find((n) =>
      typeof n === "number" && !(n >= 0)
    );
    if (wrong !== undefined) {
      throw new RangeError(`Cannot apply pad: a width is ${wrong}`);
    }
    if (before === 0 && after === 0) return y;
    return padAxis(y, {
      mode,
      value,
      axis,
      before,
      after,
      ...(statLength && { statLength }),
    });
  }, v);
}

function padAxis(x: Variable, padding: Padding): Variable {
  const { mode, axis, before, after } = padding;
  switch (mode) {
    case "constant":
      return between(
        x,
        axis,
        filled(x, padding, before),
        filled(x, padding, after),
      );
    case "empty":
      return padAxis(x, { ...padding, mode: "constant", value: 0 });
    case "linear_ramp":
      return between(x, axis, ramp(x, padding, true), ramp(x, padding, false));
    case "maximum":
    case "mean":
    case "median":
    case "minimum":
      return between(
        x,
        axis,
        statistic(x, padding, true),
        statistic(x, padding, false),
      );
    case "edge":
    case "reflect":
    case "symmetric":
    case "wrap":
      return at(x, ...Array<string>(axis).fill(":"), places(x, padding));
    default:
      throw new TypeError(
        `Cannot apply pad: mode is ${
          describeOther(mode satisfies never)
        }; use "constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect", "symmetric", "wrap" or "empty"`,
      );
  }
}

function between(
  x: Variable,
  axis: number,
  low: Variable,
  high: Variable,
): Variable {
  return join(axis, low, x, high);
}

/** The shape of x but for the length of an axis. */
function lengthsWith(x: Variable, axis: number, n: PadCount): PadCount[] {
  return (lengthsOf(x) as PadCount[]).with(axis, n);
}

function filled(x: Variable, { axis, value }: Padding, n: PadCount): Variable {
  return full(
    lengthsWith(x, axis, n),
    cast(asVariable(value, x.dtype), x.dtype),
  );
}

/** Which element of an axis each one of the longer axis is. */
function places(x: Variable, { mode, axis, before, after }: Padding): Variable {
  const n = shapeAt(x, axis),
    total = SYMBOLIC.add(
      SYMBOLIC.add(before, lengthsOf(x)[axis]!),
      after,
    ) as PadCount,
    i = sub(arange(total), before);
  if (mode === "edge") return clip(i, 0, sub(n, 1));
  if (mode === "wrap") return mod(i, n);
  const period = mode === "symmetric"
      ? mul(n, 2)
      : maximum(sub(mul(n, 2), 2), 1),
    k = mod(i, period);
  const mirrored = sub(mode === "symmetric" ? sub(period, 1) : period, k);
  return where(lt(k, n), k, mirrored);
}

/** The elements at one end of an axis; the axis stays. */
function endOf(x: Variable, axis: number, n: number, low: boolean): Variable {
  const part = low ? slice(null, n) : slice(-n);
  return at(x, ...Array<string>(axis).fill(":"), part);
}

const STATISTICS = { maximum: max, mean, median, minimum: min };

function statistic(
  x: Variable,
  { mode, axis, before, after, statLength }: Padding,
  low: boolean,
): Variable {
  const f = STATISTICS[mode as keyof typeof STATISTICS],
    seen = statLength ? endOf(x, axis, statLength, low) : x;
  const y = f(seen, { axis, keepdims: true });
  const whole = isFloat(x.dtype) || y.dtype === x.dtype ? y : round(y);
  return broadcastTo(
    cast(whole, x.dtype),
    lengthsWith(x, axis, low ? before : after),
  );
}

/** Evenly from `value`, the outermost, to the last element, which is not repeated. */
function ramp(
  x: Variable,
  { axis, before, after, value }: Padding,
  low: boolean,
): Variable {
  const n = low ? before : after,
    edge = endOf(x, axis, 1, low),
    end = asVariable(value, x.dtype);
  const k = low ? arange(n) : sub(sub(n, arange(n)), 1);
  const dtype = isFloat(x.dtype) ? x.dtype : "float64";
  const part = dimshuffle(
    div(cast(k, dtype), cast(asVariable(n, "int64"), dtype)),
    x.type.shape.map((_, d) => d === axis ? 0 : "x"),
  );
  const y = add(end, mul(part, sub(addBroadcast(edge, axis), end)));
  return cast(isFloat(x.dtype) ? y : floor(y), x.dtype);
}
