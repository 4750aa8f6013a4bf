/** Pooling: windows over the last axes, of each of which the largest element, the sum or the mean is kept. */
import { checkList } from "../../graph/arguments.ts";
import { type Defaults, withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { describeType } from "../../graph/type.ts";
import { isFloat } from "../../graph/dtype.ts";
import { cast } from "../elementwise/elemwise.ts";
import { gathered, pooled, spread, spreadMaxima } from "./pool_ops.ts";
import type { PoolMode, PoolParams } from "./pool_windows.ts";
import { floating } from "../elementwise/scalar.ts";
import { lengthsOf } from "../shape/shape.ts";

/** How to pool. */
export interface PoolOptions {
  /** Elements from one window to the next, for each axis; the lengths of the window unless given. */
  readonly stride?: number | readonly number[];
  /** Elements in front of and behind each axis, 0 unless given; fewer than the window has. They are zeros, but never the largest of a window. */
  readonly pad?: number | readonly number[];
  /** Windows that would reach beyond the end are left out (false unless given: they are cut off there). */
  readonly ignoreBorder?: boolean;
  /** "max" unless given. A mean counts the zeros of the border, or does not. */
  readonly mode?: PoolMode;
}

const POOL = {
  stride: undefined,
  pad: 0,
  ignoreBorder: false,
  mode: "max",
} as const satisfies Defaults<PoolOptions>;

/** The parameters for windows over the last axes of x. */
function paramsOf(
  name: string,
  x: Variable,
  window: readonly number[],
  options: PoolOptions,
): PoolParams {
  const { stride = window, pad, ignoreBorder, mode } = withDefaults(
    `apply ${name}`,
    options,
    POOL,
  );
  const n = checkList(`apply ${name}`, window, "lengths of a window").length,
    each = (v: number | readonly number[]) =>
      typeof v === "number" ? Array<number>(n).fill(v) : v;
  const params = { window, stride: each(stride), pad: each(pad) };
  for (const [option, list] of Object.entries(params)) {
    const least = option === "pad" ? 0 : 1;
    if (
      checkList(`apply ${name}`, list, `numbers as ${option}`).length !== n ||
      list.some((m) => !Number.isInteger(m) || m < least)
    ) {
      throw new RangeError(
        `Cannot apply ${name}: ${option} is ${
          list.join(", ")
        }; expected ${n} whole numbers, none below ${least}`,
      );
    }
  }
  if (n === 0 || x.ndim < n || x.type.kind !== "dense") {
    throw new TypeError(
      `Cannot apply ${name}: expected at least ${Math.max(1, n)} axes, got ${
        describeType(x.type)
      }`,
    );
  }
  const wide = params.pad.findIndex((p, d) => p >= window[d]!);
  if (wide >= 0 && (mode === "max" || mode === "average_exc_pad")) {
    throw new RangeError(
      `Cannot apply ${name}: pad ${
        params.pad[wide]
      } is not smaller than the window's ${window[wide]} along axis ${
        wide - n
      }; in mode ${mode} a window would see nothing`,
    );
  }
  if (!ignoreBorder && params.pad.some((p) => p > 0)) {
    throw new RangeError(
      `Cannot apply ${name}: pad is ${
        params.pad.join(", ")
      } while windows are cut off at the end; give ignoreBorder: true`,
    );
  }
  return { ...params, ignoreBorder, mode };
}

/** x in a dtype that has the mode's results. */
function operand(x: Operand, mode: PoolMode = "max"): Variable {
  const v = asVariable(x);
  return mode.startsWith("average") || v.dtype === "bool"
    ? cast(v, floating(v.dtype))
    : v;
}

/**
 * Windows of the lengths `window` over the last axes of x, as many as it has
 * lengths. Of elements that are equal and the largest of a window, each has
 * the whole gradient.
 *
 * TypeError: fewer axes than `window` has lengths. RangeError: lengths that
 * are no whole numbers, a pad as wide as the window, or one without
 * `ignoreBorder`.
 *
 * ```ts
 * import { function as compile, matrix, pool } from "damo";
 * const x = matrix("x");
 * console.log(compile([x], pool(x, [1, 2]))([[1, 5, 2]]).toArray()); // [ [ 5, 2 ] ]
 * ```
 */
export function pool(
  x: Operand,
  window: readonly number[],
  options: PoolOptions = {},
): Variable {
  const given = asVariable(x),
    params = paramsOf("pool", given, window, options);
  return pooled(operand(given, params.mode), params);
}

function square(
  window: number | readonly number[],
  n: number,
): readonly number[] {
  return typeof window === "number" ? Array<number>(n).fill(window) : window;
}

/** pool over the last two axes. */
export function pool2d(
  x: Operand,
  window: number | readonly [rows: number, columns: number],
  options: PoolOptions = {},
): Variable {
  return pool(x, square(window, 2), options);
}

/** pool over the last three axes. */
export function pool3d(
  x: Operand,
  window: number | readonly [number, number, number],
  options: PoolOptions = {},
): Variable {
  return pool(x, square(window, 3), options);
}

function floats(name: string, ...xs: Operand[]): Variable[] {
  const vs = xs.map((x) => asVariable(x)), [first] = vs;
  if (
    vs.some((v) =>
      !isFloat(v.dtype) || v.dtype !== first!.dtype || v.ndim !== first!.ndim
    )
  ) {
    throw new TypeError(
      `Cannot apply ${name}: expected floats of one dtype and rank, got ${
        vs.map((v) => describeType(v.type)).join(", ")
      }`,
    );
  }
  return vs;
}

/** What a gradient `g` of y = pool(x) with mode "max" means for x. TypeError: operands of other dtypes or ranks. */
export function maxPoolGrad(
  x: Operand,
  y: Operand,
  g: Operand,
  window: readonly number[],
  options: Omit<PoolOptions, "mode"> = {},
): Variable {
  const [v, w, gy] = floats("maxPoolGrad", x, y, g) as [
    Variable,
    Variable,
    Variable,
  ];
  return spreadMaxima(v, w, gy, paramsOf("maxPoolGrad", v, window, options));
}

/** The elements of t, which is shaped like x, where y = pool(x) found its maxima: the other way round than maxPoolGrad. */
export function maxPoolGradGrad(
  x: Operand,
  y: Operand,
  t: Operand,
  window: readonly number[],
  options: Omit<PoolOptions, "mode"> = {},
): Variable {
  const [v, w, tx] = floats("maxPoolGradGrad", x, y, t) as [
    Variable,
    Variable,
    Variable,
  ];
  return gathered(v, w, tx, paramsOf("maxPoolGradGrad", v, window, options));
}

/** What a gradient `g` of pool(x) means for x, in modes that sum. TypeError: operands of other dtypes or ranks. RangeError: mode "max", which maxPoolGrad is for. */
export function averagePoolGrad(
  x: Operand,
  g: Operand,
  window: readonly number[],
  options: PoolOptions = {},
): Variable {
  const [v, gy] = floats("averagePoolGrad", x, g) as [Variable, Variable],
    { mode, ...rest } = withDefaults("apply averagePoolGrad", options, {
      ...POOL,
      mode: "average_inc_pad",
    });
  if (mode === "max") {
    throw new RangeError(
      "Cannot apply averagePoolGrad: mode is max; use maxPoolGrad",
    );
  }
  const params = paramsOf("averagePoolGrad", v, window, { ...rest, mode });
  return spread(gy, lengthsOf(v).slice(-window.length), params);
}

/** Zeros but for the elements that are the largest of their window, which stay where they are. */
export function maxPool2dSameSize(
  x: Operand,
  window: number | readonly [rows: number, columns: number],
): Variable {
  const v = operand(x), sides = square(window, 2);
  const y = pool(v, sides, { ignoreBorder: true });
  return maxPoolGrad(v, y, y, sides, { ignoreBorder: true });
}
