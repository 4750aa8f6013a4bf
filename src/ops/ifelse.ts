/** A choice between values of which only one is computed. */
import { promote } from "../graph/dtype.ts";
import type { Length } from "../graph/length.ts";
import { describeType } from "../graph/type.ts";
import type { AnyOp, Variable } from "../graph/variable.ts";
import { zerosLike } from "./constructors.ts";
import {
  asVariable,
  asVariables,
  defineOp,
  type Operand,
  type OpFunction,
} from "./define.ts";
import { cast } from "./elementwise/elemwise.ts";

/** The number of values a branch has; inputs are the condition, the values if it holds, the others. */
export interface IfelseParams {
  readonly half: number;
}

const choose: OpFunction<Operand[], IfelseParams, -1> = defineOp<
  Operand[],
  IfelseParams,
  -1
>({
  name: "ifelse",
  arity: -1,
  outputs: -1,
  infer: ([condition, ...branches], { half }) => {
    if (condition!.shape.length !== 0) {
      throw new TypeError(
        `Cannot apply ifelse: the condition must have no axes, got ${
          describeType(condition!.type)
        }; where chooses elementwise`,
      );
    }
    return branches.slice(0, half).map((x, i) => {
      const y = branches[half + i]!;
      if (x.shape.length !== y.shape.length || x.dtype !== y.dtype) {
        throw new TypeError(
          `Cannot apply ifelse: value ${i} is ${describeType(x.type)} or ${
            describeType(y.type)
          }`,
        );
      }
      return {
        dtype: x.dtype,
        shape: x.shape.map((n, axis) => either(n, y.shape[axis]!)),
        value: either(x.value, y.value),
      };
    });
  },
  eval: ([condition, ...branches], { half }) =>
    condition!.item() !== 0 ? branches.slice(0, half) : branches.slice(half),
  vjp: ({ inputs: [condition, ...branches], params: { half } }, ...gs) => [
    null,
    ...branches.map((x, i) => {
      const g = gs[i % half];
      if (!g) return null;
      return i < half
        ? ifelse(condition!, g, zerosLike(x))
        : ifelse(condition!, zerosLike(x), g);
    }),
  ],
  jvp: ({ inputs: [condition, ...branches], params: { half } }, [, ...ts]) =>
    branches.slice(0, half).map((x, i) => {
      const s = ts[i], t = ts[half + i];
      return s || t
        ? ifelse(
          condition!,
          s ?? zerosLike(x),
          t ?? zerosLike(branches[half + i]!),
        )
        : null;
    }),
  lazyInputs: ({ half }) => Array.from({ length: 2 * half }, (_, i) => i + 1),
  connects: ({ half }) => {
    const values = Array.from({ length: half }, (_, i) => i);
    return [
      values.map(() => false),
      ...[...values, ...values].map((i) => values.map((k) => i === k)),
    ];
  },
});

function either(a: Length, b: Length): Length {
  return a === b ? a : null;
}

/** The forms of `ifelse`: one value, or several that share the condition. */
export interface Ifelse {
  (
    condition: Operand,
    then: readonly Operand[],
    otherwise: readonly Operand[],
  ): Variable[];
  (condition: Operand, then: Operand, otherwise: Operand): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

function choice(
  condition: Operand,
  then: readonly Operand[],
  otherwise: readonly Operand[],
): Variable[] {
  if (then.length !== otherwise.length || then.length === 0) {
    throw new TypeError(
      `Cannot apply ifelse: the branches have ${then.length} and ${otherwise.length} values`,
    );
  }
  const pairs = then.map((x, i) => {
    const pair = asVariables([x, otherwise[i]!]),
      dtype = pair.map((v) => v.dtype).reduce(promote);
    return pair.map((v) => cast(v, dtype));
  });
  return choose(
    // Programs look at one byte of it.
    cast(asVariable(condition), "bool"),
    ...pairs.map(([x]) => x!),
    ...pairs.map(([, y]) => y!),
    { half: then.length },
  );
}

/**
 * `then` where the 0-d condition is not 0, else `otherwise`; what is not taken
 * is not computed. Arrays of values are chosen together.
 *
 * TypeError: the condition has axes, or the branches differ in rank or number.
 */
export const ifelse: Ifelse = Object.assign(
  (
    condition: Operand,
    then: Operand | readonly Operand[],
    otherwise: Operand | readonly Operand[],
  ) =>
    Array.isArray(then) && Array.isArray(otherwise)
      ? choice(condition, then as Operand[], otherwise as Operand[])
      : choice(condition, [then as Operand], [otherwise as Operand])[0]!,
  { op: choose.op },
) as Ifelse;
