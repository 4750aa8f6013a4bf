/** Work of rewriting grows with the graph, not with its square: applications made and rules tried are counted, not seconds. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type FunctionGraph, results } from "../../src/graph/function_graph.ts";
import { Variable } from "../../src/graph/variable.ts";
import { dense } from "../../src/graph/type.ts";
import { toposort } from "../../src/graph/walk.ts";
import { slice } from "../../src/graph/indexing.ts";
import { grad } from "../../src/grad/grad.ts";
import { scan } from "../../src/nested/scan.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { shared, zeros } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  cast,
  div,
  mul,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import {
  iscalar,
  ivector,
  matrix,
  tensor,
  vector,
} from "../../src/ops/inputs.ts";
import { join } from "../../src/ops/shape/join.ts";
import { categoricalCrossentropy } from "../../src/ops/nnet/nnet.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";
import { mean } from "../../src/ops/reductions/statistics.ts";
import { applyRules, session } from "../../src/rewrite/driver.ts";
import { applyLoopRules } from "../../src/rewrite/scan/loop_driver.ts";
import type { LoopRule } from "../../src/rewrite/scan/loop_rules.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { PHASES } from "../../src/rewrite/phases.ts";
import type { Rule } from "../../src/rewrite/pattern.ts";

type Grow = (y: Variable, i: number) => Variable;

function times(n: number, y: Variable, grow: Grow): Variable {
  for (let i = 0; i < n; i++) y = grow(y, i);
  return y;
}

/** The sum of y and its gradients. */
function descent(y: Variable, inputs: readonly Variable[]): FunctionGraph {
  const cost = sum(y) as Variable<0>;
  return { inputs, outputs: [cost, ...grad(cost, inputs)], updates: [] };
}

/** Graphs of a size that is proportional to n. */
const GRAPHS: { readonly [name: string]: (n: number) => FunctionGraph } = {
  chain(n) {
    const x = vector("x");
    return descent(
      times(n, x, (y, i) => i % 2 ? tanh(add(y, 1)) : mul(y, 0.5)),
      [x],
    );
  },
  quotients(n) {
    const x = vector("x"), z = vector("z");
    return descent(times(n, x, (y, i) => i % 2 ? div(y, z) : mul(y, x)), [
      x,
      z,
    ]);
  },
  wide(n) {
    const x = matrix("x");
    return descent(times(n, x, (y, i) => add(y, tanh(mul(x, i)))), [x]);
  },
  layers(n) {
    const x = matrix("x"), labels = ivector("labels");
    const W = Array.from({ length: n / 4 }, () => shared(zeros([4, 4])));
    const logits = W.reduce<Variable>((h, w) => tanh(dot(h, w)), x);
    const cost = mean(categoricalCrossentropy(softmax(logits), labels));
    return {
      inputs: [x, labels],
      outputs: [cost],
      updates: grad(cost as Variable<0>, W).map((g, i) => [
        W[i]!,
        sub(W[i]!, mul(g, 0.1)),
      ]),
    };
  },
  "centred rows"(n) {
    const x = matrix("x"), v = vector("v");
    const centre: Grow = (y) => mul(sub(y, mean(y, { axis: 0 })), v);
    return descent(times(n / 4, x, centre), [x, v]);
  },
  classifiers(n) {
    const x = matrix("x"), labels = ivector("labels");
    const all = Array.from({ length: n / 4 }, (_, i) => softmax(mul(x, i)));
    const cost = all.map((p) => mean(categoricalCrossentropy(p, labels)))
      .reduce<Variable>((a, b) => add(a, b), add(0, 0)) as Variable<0>;
    return {
      inputs: [x, labels],
      outputs: [...all, cost, grad(cost, x)],
      updates: [],
    };
  },
  "parts of a join"(n) {
    const xs = Array.from({ length: n / 2 }, (_, i) => vector(`x${i}`));
    const joined = join(0, ...xs), outputs: Variable[] = [];
    let from: Variable | number = 0;
    for (const x of xs) {
      const to: Variable = add(from, shapeAt(x, 0));
      outputs.push(tanh(at(joined, slice(from as Variable, to))));
      from = to;
    }
    return { inputs: xs, outputs, updates: [] };
  },
  increments(n) {
    const x = vector("x");
    return {
      inputs: [x],
      outputs: [times(n, x, (y, i) => incSubtensor(at(y, i), 1))],
      updates: [],
    };
  },
  casts(n) {
    const x = vector("x");
    return {
      inputs: [x],
      outputs: [times(n, x, (y, i) => cast(y, i % 2 ? "int32" : "float32"))],
      updates: [],
    };
  },
  branches(n) {
    const x = vector("x"), c = iscalar("c");
    const choose: Grow = (y, i) => ifelse(gt(c, i), tanh(y), add(y, 1));
    return {
      inputs: [x, c],
      outputs: [times(n / 2, x, choose) as Variable],
      updates: [],
    };
  },
  "loops side by side"(n) {
    const xs = Array.from({ length: n / 24 }, (_, i) => matrix(`x${i}`));
    return descent(xs.map((x) => run(x)).reduce((a, b) => add(a, b)), xs);
  },
  "loops of other lengths"(n) {
    const x = matrix("x");
    const all = Array.from({ length: n / 24 }, (_, i) => run(at(x, `${i}:`)));
    return descent(all.reduce((a, b) => add(a, b)), [x]);
  },
  "loops of last steps"(n) {
    const x = matrix("x");
    return descent(times(n / 24, x, (y, i) => run(add(x, at(run(y), i)))), [x]);
  },
  "loops on top of each other"(n) {
    const x = matrix("x");
    return descent(times(n / 24, x, (y) => run(y)), [x]);
  },
};

/** A loop over rows, with all that rules about loops look for. */
function run(x: Variable): Variable {
  const W = shared(zeros([4, 4])), h0 = shared(zeros([4]));
  const [hs] = scan(
    (row: Variable, h: Variable) =>
      tanh(add(dot(row, W), dot(h, mul(W, 0.5)))) as Variable,
    { sequences: [x], outputsInfo: [h0] },
  );
  return hs as Variable;
}

const SMALL = 240, TIMES = 10, MOST = 12;

/** The number that the next application or variable gets. */
function counter(): number {
  return new Variable(dense("float32", [])).id;
}

for (const [name, make] of Object.entries(GRAPHS)) {
  Deno.test(`ten times the graph makes ten times the applications: ${name}`, () => {
    const made = (n: number) => {
      const graph = make(n), before = counter();
      optimize(graph, { optimizer: "fast_run" });
      return counter() - before;
    };
    const [small, large] = [made(SMALL), made(TIMES * SMALL)];
    assert(
      large <= MOST * small,
      `${large} applications and variables, where a tenth of the graph takes ${small}`,
    );
  });

  Deno.test(`ten times the graph tries ten times the rules: ${name}`, () => {
    const tried = (n: number) => {
      let count = 0;
      const counting = <R extends Rule | LoopRule>(rule: R): R => ({
        ...rule,
        rewrite: (...args: Parameters<R["rewrite"]>) => (
          count++, rule.rewrite(...(args as [never, never]))
        ),
      });
      let now = results(make(n));
      for (const phase of PHASES) {
        if ("rules" in phase) {
          const rules = phase.rules.filter((r) =>
            r.licence !== "may change NaN/inf"
          );
          now = applyRules(phase.name, rules.map(counting), now, session());
        } else if ("loops" in phase) {
          const rules = phase.loops.map(counting);
          now = applyLoopRules(phase.name, rules, now, session());
        }
      }
      return count;
    };
    const [small, large] = [tried(SMALL), tried(TIMES * SMALL)];
    assert(
      large <= MOST * small,
      `${large} attempts, where a tenth of the graph takes ${small}`,
    );
  });
}

Deno.test("no path through 100,000 applications is too deep", () => {
  const x = tensor("float64", [], "x");
  const y = times(50_000, x, (y) => add(tanh(y), 1));
  const { graph } = optimize({ inputs: [x], outputs: [y], updates: [] }, {
    optimizer: "fast_run",
  });
  const groups = toposort(graph.outputs).map((node) =>
    toposort(node.params.graph.outputs).length
  );
  assertEquals(groups.reduce((a, b) => a + b), 100_000);
  assert(Math.max(...groups) <= 100, "what one kernel computes is bounded");
  assertStrictEquals(graph.outputs[0]!.ndim, 0);
});
