/** Values that pass through unchanged while something is said or checked. */
import { withDefaults } from "../graph/options.ts";
import type { AnyOp, Variable } from "../graph/variable.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "./define.ts";
import { sizeText } from "./c_text.ts";
import { sameView } from "./shape/specify_shape.ts";

interface MessageParams {
  readonly message: string;
}

const printed: OpFunction<X, MessageParams> = defineOp<X, MessageParams>({
  name: "print",
  arity: 1,
  infer: ([x]) => x,
  eval: ([x], { message }) => {
    console.log(`${message} ${x}`);
    return x;
  },
  vjp: (_, g) => [g],
  jvp: (_, [t]) => t,
  views: [0],
  view: ({ inputs: [x] }) => sameView(x!.shape.length),
  ordered: true,
});

function printValue<R extends number = number>(
  x: Variable<R> | Operand,
  options: { readonly message?: string } = {},
): Variable<R> {
  const { message } = withDefaults("print", options, { message: undefined });
  const v = asVariable(x);
  return printed(v, {
    message: message ?? v.name ?? v.owner?.op.name ?? "value",
  }) as Variable<R>;
}

/** x, which is printed with its dtype and shape each time it is computed, in the order in which the graph was built. */
export const print: {
  <R extends number = number>(
    x: Variable<R> | Operand,
    options?: { readonly message?: string },
  ): Variable<R>;
  readonly op: AnyOp;
} = Object.assign(printValue, { op: printed.op });

const asserted: OpFunction<[x: Operand, condition: Operand], MessageParams> =
  defineOp<[x: Operand, condition: Operand], MessageParams>({
    name: "assert",
    arity: 2,
    infer: ([x]) => x,
    eval: ([x, condition], { message }) => {
      if (condition.flat().some((c: number | bigint) => Number(c) === 0)) {
        throw new RangeError(`Cannot pass an assertion: ${message}`);
      }
      return x;
    },
    vjp: (_, g) => [g, null],
    jvp: (_, [t]) => t,
    views: [0],
    view: ({ inputs: [x] }) => sameView(x!.shape.length),
    c: ({ inputs: [x, condition] }) => ({
      rowMajor: [0, 1],
      inplace: [0],
      body: `
const int64_t size = ${sizeText("x0", x!)}, conditions = ${
        sizeText("x1", condition!)
      };
for (int64_t i = 0; i < conditions; i++) {
  if (x1[i] == 0) {
    ctx->error = (KernelError){DAMO_ASSERT, 0, i, 0};
    return DAMO_ASSERT;
  }
}
if (y != x0) __builtin_memcpy(y, x0, size * sizeof *y);`,
    }),
    mayFail: true,
    connects: () => [[true], [false]],
  });

function assertValue<R extends number = number>(
  x: Variable<R> | Operand,
  condition: Operand,
  message = "a condition is false",
): Variable<R> {
  return asserted(asVariable(x), asVariable(condition, "bool"), {
    message,
  }) as Variable<R>;
}

/** x; RangeError with `message` when it is computed and an element of the condition is 0. */
export const assert: {
  <R extends number = number>(
    x: Variable<R> | Operand,
    condition: Operand,
    message?: string,
  ): Variable<R>;
  readonly op: AnyOp;
} = Object.assign(assertValue, { op: asserted.op });
