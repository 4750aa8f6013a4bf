/** Whole functions with updates, built anew for every engine: shared variables belong to one run. */
import * as damo from "damo";
import type { SpecOptions } from "../../src/run/spec.ts";

/** A function in the making, and values to call it with. */
export interface Built {
  readonly inputs: readonly damo.Variable[];
  readonly outputs: readonly damo.Variable[];
  readonly updates: SpecOptions["updates"];
  readonly shared: readonly damo.SharedVariable[];
  readonly values: readonly damo.NDArray[];
}

/** A function that tests run in many ways. */
export interface Example {
  readonly name: string;
  build(): Built;
}

const negate = damo.defineOp<[x: damo.Variable]>({
  name: "negateInTypeScript",
  arity: 1,
  infer: ([x]) => x,
  eval: ([x]) =>
    new damo.NDArray(
      x.dtype,
      x.shape,
      Float32Array.from(x.flat() as Float32Array, (v) => -v),
    ),
});

/** They use BLAS, views, branches, loops, ops without C, and updates that are exchanged. */
export const EXAMPLES: readonly Example[] = [
  {
    name: "logistic regression",
    build() {
      const rng = new damo.RandomState(2);
      const x = damo.matrix("x"), y = damo.ivector("y");
      const W = damo.shared(rng.normal(0, 1, [5, 3])),
        b = damo.shared(rng.normal(0, 1, [3]));
      const cost = damo.categoricalCrossentropy(
        damo.softmax(x.dot(W).add(b)),
        y,
      ).mean();
      const [gW, gb] = damo.grad(cost as damo.Variable<0>, [W, b]);
      return {
        inputs: [x, y],
        outputs: [cost],
        updates: [[W, W.sub(gW.mul(0.1))], [b, b.sub(gb.mul(0.1))]],
        shared: [W, b],
        values: [rng.normal(0, 1, [4, 5]), rng.integers(0, 3, [4])],
      };
    },
  },
  {
    name: "momentum for weights that lie by columns",
    build() {
      const rng = new damo.RandomState(3);
      const x = damo.matrix("x"), y = damo.ivector("y");
      const W = damo.shared(rng.normal(0, 0.1, [37, 3]), { name: "W" }),
        v = damo.shared(rng.normal(0, 0.1, [37, 3]), { name: "v" });
      const cost = damo.categoricalCrossentropy(damo.softmax(x.dot(W)), y)
        .mean();
      const [g] = damo.grad(cost as damo.Variable<0>, [W]),
        next = v.mul(0.9).sub(g.mul(0.1));
      return {
        inputs: [x, y],
        outputs: [cost],
        updates: [[v, next], [W, W.add(next)]],
        shared: [W, v],
        values: [rng.normal(0, 1, [4, 37]), rng.integers(0, 3, [4])],
      };
    },
  },
  {
    name: "branches, a loop, an op without C, and swapped updates",
    build() {
      const x = damo.vector("x"), c = damo.scalar("c");
      const a = damo.shared([1, 2, 3]), b = damo.shared([4, 5, 6]);
      const chosen = damo.ifelse(
        c.gt(0),
        negate(x.add(a)),
        damo.exp(x.mul(b)),
      ) as damo.Variable<1>;
      const [kept] = damo.scan(
        (row, s, k) => [s!.mul(0.5).add(row!), negate(k!.sub(row!))],
        { sequences: chosen, outputsInfo: [0, { initial: 1 }] },
      ) as [damo.Variable[], unknown];
      return {
        inputs: [x, c],
        outputs: [kept[0]!, kept[1]!.sum()],
        updates: [[a, b], [b, a.add(kept[0]! as damo.Variable<1>)]],
        shared: [a, b],
        values: [
          damo.array([0.1, 0.2, 0.3]),
          damo.array(1),
        ],
      };
    },
  },
];
