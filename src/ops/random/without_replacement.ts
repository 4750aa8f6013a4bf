/** The op behind `choice` without replacement: positions drawn one after the other, each leaving the lot. */
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import { typeText } from "../c_text.ts";
import { defineOp, type OpFunction, type XY } from "../define.ts";

/**
 * For each row of p, a matrix of probabilities, the positions that each column
 * of u, a matrix of random numbers, picks in turn: the first one up to which
 * the probabilities add up to more than u. What was picked has probability 0
 * from then on, and the others grow so that they add up to 1. Where rounding
 * leaves u above them all, the last position that is left is picked.
 *
 * The op refuses, when it runs, more picks than there are positions.
 */
export const picks: OpFunction<XY> = defineOp<XY>({
  name: "picks",
  arity: 2,
  infer: ([p, u], _, lengths) => {
    const fit = [p, u].every(({ dtype, shape }) =>
      shape.length === 2 && (dtype === "float32" || dtype === "float64")
    );
    if (!fit) {
      throw new TypeError(
        `Cannot pick by probabilities ${describeType(p.type)} and numbers ${
          describeType(u.type)
        }: expected two matrices of float32 or float64`,
      );
    }
    const rows = lengths.same(
      p.shape[0]!,
      u.shape[0]!,
      (p, u) =>
        new RangeError(
          `Cannot pick: there are probabilities for ${p} rows, and numbers for ${u}`,
        ),
    );
    return { dtype: "int64", shape: [rows, u.shape[1]!] };
  },
  eval: ([p, u]) => {
    const [rows, n] = p.shape as [number, number],
      count = u.shape[1]!,
      round = p.dtype === "float32" ? Math.fround : (x: number) => x;
    if (count > n) {
      throw new RangeError(
        `Cannot pick ${count} of ${n} without replacement`,
      );
    }
    const left = p.copy().flat() as Float64Array,
      numbers = u.flat() as Float64Array;
    const out = new BigInt64Array(rows * count);
    for (let row = 0; row < rows; row++) {
      const q = left.subarray(row * n, row * n + n);
      for (let c = 0; c < count; c++) {
        const limit = numbers[row * count + c]!;
        let sum = 0, before = 0, pick = -1;
        for (let m = 0; m < n; m++) {
          if (q[m]! > 0) pick = m, before = sum;
          sum += q[m]!;
          if (sum > limit) break;
        }
        out[row * count + c] = BigInt(pick);
        if (pick < 0) continue;
        let rest = round(before);
        q[pick] = 0;
        for (let m = pick; m < n; m++) rest = round(rest + q[m]!);
        for (let m = 0; m < n; m++) q[m] = round(q[m]! / rest);
      }
    }
    return new NDArray("int64", [rows, count], out);
  },
  vjp: () => [null, null],
  jvp: () => null,
  c: ({ inputs: [p] }) => {
    const type = typeText(p!.dtype);
    return {
      rowMajor: [0, 1],
      body: `
const int64_t rows = x0_n0, columns = x0_n1, count = x1_n1;
if (count > columns) {
  ctx->error = (KernelError){DAMO_INDEX, 1, count, columns};
  return DAMO_INDEX;
}
const int code = ctx->reserve_scratch(ctx, columns * sizeof(${type}));
if (code) return code;
${type} *const q = ctx->scratch;
for (int64_t row = 0; row < rows; row++) {
  for (int64_t m = 0; m < columns; m++) q[m] = x0[row * columns + m];
  for (int64_t c = 0; c < count; c++) {
    const double limit = x1[row * count + c];
    double sum = 0, before = 0;
    int64_t pick = -1;
    for (int64_t m = 0; m < columns; m++) {
      if (q[m] > 0) {
        pick = m;
        before = sum;
      }
      sum += q[m];
      if (sum > limit) break;
    }
    y[row * count + c] = pick;
    if (pick < 0) continue;
    ${type} rest = (${type})before;
    q[pick] = 0;
    for (int64_t m = pick; m < columns; m++) rest += q[m];
    for (int64_t m = 0; m < columns; m++) q[m] /= rest;
  }
}`,
    };
  },
  mayFail: true,
  connects: () => [[false], [false]],
});
