/** Loops after rewriting, and comparisons with what was written. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import "../../src/ops/methods.ts";
import { function as compile } from "../../src/compile.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { bodyResults, type ScanParams } from "../../src/graph/scan_params.ts";
import {
  type Apply,
  Constant,
  type Variable,
} from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { scan } from "../../src/nested/scan.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { add, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dmatrix, dvector } from "../../src/ops/inputs.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { Mode } from "../../src/run/mode.ts";
import { weights } from "../nested/random_loops.ts";

/** The graph of `outputs` after rewriting. */
export function look(
  outputs: readonly Variable[],
  excluded: readonly string[] = [],
) {
  const inputs = leaves(outputs).filter((v) => !(v instanceof Constant));
  const { graph, fired } = optimize({ inputs, outputs, updates: [] }, {
    optimizer: "fast_run",
    excluded: ["fuse", ...excluded],
  });
  const nodes = toposort(graph.outputs);
  return {
    inputs,
    outputs: graph.outputs,
    nodes,
    loops: loopsOf(nodes),
    fired,
  };
}

export function loopsOf(nodes: readonly Apply[]): Apply<ScanParams>[] {
  return nodes.filter((node) => node.op.name === "scan");
}

/** The products among the nodes; dotAdd is one. */
export function products(nodes: readonly Apply[]): number {
  return nodes.filter(({ op }) => op.name === "dot" || op.name === "dotAdd")
    .length;
}

export function bodyOf({ params }: Apply<ScanParams>): Apply[] {
  return toposort(bodyResults(params));
}

/** Values of inputs, by their names: T and the lengths of rows are the same everywhere. */
export function valuesOf(
  inputs: readonly Variable[],
  lengths: Readonly<Record<string, readonly number[] | number>>,
): NDArray[] {
  return inputs.map((v, i) => {
    const given = lengths[v.name!];
    assert(given !== undefined, `no lengths for ${v}`);
    if (typeof given === "number") {
      return new NDArray("int64", [], BigInt64Array.of(BigInt(given)));
    }
    const x = weights(given, i + 1);
    if (v.dtype === "float64") return x;
    const whole = BigInt64Array.from(
      x.flat() as Float64Array,
      (y) => BigInt(Math.floor(Math.abs(y) * 2) % 3),
    );
    return new NDArray("int64", given, whole);
  });
}

/** Compares values before and after, by the reference and by compiled code. */
export function compare(
  outputs: readonly Variable[],
  ...lengths: Readonly<Record<string, readonly number[] | number>>[]
): void {
  const { inputs, outputs: made } = look(outputs);
  const run = compile([...inputs], [...outputs], {
    mode: new Mode({ linker: "cvm" }),
  });
  for (const given of lengths) {
    const values = valuesOf(inputs, given);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    const wanted = evaluate(outputs, by);
    close(evaluate(made, by), wanted);
    const found = (run as (...x: NDArray[]) => (NDArray | number)[])(...values);
    close(
      found.map((y) =>
        y instanceof NDArray
          ? y
          : new NDArray("float64", [], Float64Array.of(y))
      ),
      wanted,
    );
  }
}

export function close(
  found: readonly NDArray[],
  wanted: readonly NDArray[],
): void {
  wanted.forEach((y, i) => {
    assertEquals(found[i]!.shape, y.shape);
    const x = found[i]!.flat(), z = y.flat();
    z.forEach((v, k) =>
      assertAlmostEquals(
        Number(x[k]),
        Number(v),
        1e-9 * Math.max(1, Math.abs(Number(v))),
      )
    );
  });
}

/** A recurrent network over `x`: its states. */
export function network(x: Variable, h0: Variable): Variable {
  const W = dmatrix("W"), U = dmatrix("U"), b = dvector("b");
  const [h] = scan(
    (x, h) => tanh(add(add(dot(x, W), dot(h, U)), b)),
    { sequences: x, outputsInfo: h0 },
  );
  return h;
}

export const WEIGHTS = { W: [3, 4], U: [4, 4], b: [4] };

/** Values that a loop refuses must be refused by what stands instead of it, and no others. */
export function refuses(
  outputs: readonly Variable[],
  given: Readonly<Record<string, readonly number[] | number>>,
): void {
  assertThrows(() => compare(outputs, given), RangeError);
  const { inputs, outputs: made } = look(outputs),
    values = valuesOf(inputs, given);
  const by = new Map(inputs.map((v, i) => [v, values[i]!]));
  assertThrows(() => evaluate(made, by), RangeError);
  const run = compile([...inputs], [...outputs], { mode: "cvm" });
  assertThrows(
    () => (run as (...x: NDArray[]) => unknown)(...values),
    RangeError,
  );
}
