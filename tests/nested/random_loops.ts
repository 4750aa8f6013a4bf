/** Random loops, each with its unrolled twin: the same step called again and again on rows taken by index. */
import { lagOf, spanOf } from "../../src/graph/scan_params.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Constant, Variable } from "../../src/graph/variable.ts";
import { reduce } from "../../src/nested/fold.ts";
import { scan } from "../../src/nested/scan.ts";
import { readStep, type StepResult, until } from "../../src/nested/step.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { constant, zeros } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  mul,
  sigmoid,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { stack } from "../../src/ops/shape/join.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { type Rng, rng } from "../lower/random.ts";

/** A program over inputs with values, and what it computes: by loops, and by the same steps one after the other. */
export interface Twins {
  readonly inputs: readonly Variable[];
  readonly values: readonly NDArray[];
  readonly loops: readonly Variable[];
  readonly unrolled: readonly Variable[];
}

type Step = (...xs: Variable[]) => StepResult;

/** What a loop goes through, and how. */
interface Plan {
  readonly sequences: readonly {
    readonly input: Variable;
    readonly taps: readonly number[];
  }[];
  readonly states: readonly {
    readonly initial: Variable;
    readonly taps: readonly number[];
  }[];
  /** Outputs that are not fed back come behind the states, or before them. */
  readonly extras: number;
  readonly extrasFirst: boolean;
  readonly nSteps?: number;
  readonly goBackwards: boolean;
  readonly last: boolean;
}

/** Runs a plan; the two ways to do it are what is compared. */
type Runner = (step: Step, plan: Plan) => Variable[];

/** The loop itself. */
function looped(step: Step, plan: Plan): Variable[] {
  const none = Array<null>(plan.extras).fill(null);
  const outputsInfo = plan.extrasFirst
    ? [...none, ...plan.states]
    : [...plan.states, ...none];
  const { sequences, nSteps, goBackwards } = plan;
  const made = plan.last
    ? reduce(step, sequences, outputsInfo, [], { goBackwards })
    : scan(step, { sequences, outputsInfo, nSteps, goBackwards });
  return [made[0]].flat() as Variable[];
}

/** The same steps one after the other; values say where an `until` ends them. */
function unroller(values: ReadonlyMap<Variable, NDArray>): Runner {
  const rowsOf = (x: Variable) => evaluate([x], values)[0]!.shape[0]!;
  return (step, plan) => {
    const rows = plan.sequences.map((s) => rowsOf(s.input));
    const n = plan.nSteps ?? Math.min(
      ...plan.sequences.map((s, i) =>
        Math.max(0, rows[i]! - spanOf(s.taps)[0])
      ),
    );
    const past = plan.states.map((s) => {
      const lag = lagOf(s.taps);
      return lag === 1
        ? [s.initial]
        : Array.from({ length: lag }, (_, i) => at(s.initial, i));
    });
    const extras = Array.from({ length: plan.extras }, (): Variable[] => []);
    for (let t = 0; t < n; t++) {
      const args = [
        ...plan.sequences.flatMap(({ input, taps }, i) =>
          taps.map((k) => {
            const row = spanOf(taps)[1] + k + t;
            return at(input, plan.goBackwards ? rows[i]! - 1 - row : row);
          })
        ),
        ...plan.states.flatMap((s, i) => s.taps.map((k) => past[i]!.at(k)!)),
      ];
      const made = readStep(step(...args));
      const first = plan.extrasFirst ? plan.extras : 0;
      plan.states.forEach((_, i) => past[i]!.push(made.values[first + i]!));
      const rest = plan.extrasFirst ? 0 : plan.states.length;
      extras.forEach((list, i) => list.push(made.values[rest + i]!));
      if (made.until && evaluate([made.until], values)[0]!.item()) break;
    }
    const rowsMade = [
      ...past.map((list, i) => list.slice(lagOf(plan.states[i]!.taps))),
      ...extras,
    ];
    const outputs = rowsMade.map((list, i) =>
      plan.last
        ? i < past.length ? past[i]!.at(-1)! : list.at(-1)!
        : list.length
        ? stack(list)
        : zeros([0, 2], "float64")
    );
    return plan.extrasFirst
      ? [...outputs.slice(past.length), ...outputs.slice(0, past.length)]
      : outputs;
  };
}

const SEQUENCE_TAPS = [[0], [0], [-1, 0], [0, 1], [-2, 1], [1]];
const STATE_TAPS = [[-1], [-1], [-1], [-2, -1], [-1, -3], [-2], [-3]];

/** Vectors of 2 that a step may use; the same choices for the same seed. */
class Terms {
  readonly random: Rng;
  constructor(
    seed: number,
    readonly vectors: Variable[],
    readonly W: Variable,
  ) {
    this.random = rng(seed);
  }

  pick(): Variable {
    const { vectors } = this;
    return vectors[this.random(vectors.length)]!;
  }

  /** Adds a few expressions; `run` is how a loop inside is run. */
  grow(n: number, run: Runner | null): void {
    const { random, W } = this;
    for (let i = 0; i < n; i++) {
      const r = random(run ? 10 : 9), x = this.pick(), y = this.pick();
      this.vectors.push(
        r < 2
          ? tanh(add(dot(x, W), y))
          : r < 3
          ? sigmoid(sub(x, y))
          : r < 4
          ? mul(x, sigmoid(y))
          : r < 5
          ? where(gt(x, y), tanh(x), mul(y, 0.5))
          : r < 6
          ? mul(tanh(sum(x)), y)
          : r < 7
          ? ifelse(gt(sum(x), 0.1), tanh(y), mul(0.3, x))
          : r < 8
          ? mul(0.5, at(x, "::-1"))
          : r < 9
          ? tanh(dot(W, x))
          : this.#inner(run!),
      );
    }
  }

  /** A loop inside a step: over the rows of the matrix, or a few steps of its own. */
  #inner(run: Runner): Variable {
    const { random, W } = this, seed = random(1000), outer = this.pick();
    const sequences = random(2) ? [{ input: W, taps: [0] }] : [];
    const initial = this.pick(), kept = random(2) === 0;
    const made = run((...args) => {
      const terms = new Terms(seed, [...args, outer], W);
      terms.grow(2, null);
      return [terms.vectors.at(-1)!];
    }, {
      sequences,
      states: [{ initial, taps: [-1] }],
      extras: 0,
      extrasFirst: false,
      goBackwards: random(2) === 0,
      last: !kept && sequences.length > 0,
      ...(sequences.length === 0 && { nSteps: 1 + random(3) }),
    });
    const [y] = made as [Variable];
    return y.ndim === 1 ? y : tanh(sum(y, { axis: 0 }));
  }
}

function values(random: Rng, shape: readonly number[]): NDArray {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from(
    { length: size },
    () => (random(2001) - 1000) / 800,
  );
  return new NDArray("float64", shape, data);
}

/** The programs of a seed. */
export function randomLoops(seed: number): Twins {
  const random = rng(seed);
  const shapes = [[2, 2], [2], [3, 2], [4 + random(3), 2], [3 + random(3), 2]];
  const inputs = shapes.map((shape, i) =>
    new Variable(
      dense("float64", shape.map((n, axis) => axis === 0 && i > 2 ? null : n)),
      null,
      0,
      ["W", "v", "past", "xs", "ys"][i],
    )
  );
  const [W, v, past, xs, ys] = inputs as [
    Variable,
    Variable,
    Variable,
    Variable,
    Variable,
  ];
  const given = shapes.map((shape) => values(random, shape));
  const sequences = [xs, ys].filter(() => random(3) > 0).map((input) => ({
    input,
    taps: SEQUENCE_TAPS[random(SEQUENCE_TAPS.length)]!,
  }));
  const states = Array.from({ length: random(3) }, () => {
    const taps = STATE_TAPS[random(STATE_TAPS.length)]!;
    const start = tanh(add(v, random(5)));
    return {
      taps,
      initial: lagOf(taps) > 1 ? at(mul(past, 0.7), `:${lagOf(taps)}`) : start,
    };
  });
  const extras = (states.length ? 0 : 1) + random(2);
  const last = sequences.length > 0 && extras === 0 && random(3) === 0;
  const plan: Plan = {
    sequences,
    states,
    extras,
    extrasFirst: random(2) === 0,
    goBackwards: random(3) === 0,
    last,
    ...(!last && (sequences.length === 0 || random(4) === 0) && {
      nSteps: random(
        1 + Math.min(
          4,
          ...sequences.map(({ input, taps }) =>
            Math.max(
              0,
              given[inputs.indexOf(input)]!.shape[0]! - spanOf(taps)[0],
            )
          ),
        ),
      ),
    }),
  };
  const size = 2 + random(4),
    stepSeed = random(1 << 20),
    ends = random(3) === 0;
  const limit = constant((random(20) - 5) / 10, { dtype: "float64" });
  const program = (run: Runner) => {
    const outputs = run((...args) => {
      const terms = new Terms(stepSeed, [v, ...args], W);
      terms.grow(size, run);
      const found = terms.vectors.slice(-states.length - extras);
      return ends ? [...found, until(gt(sum(terms.pick()), limit))] : found;
    }, plan);
    return outputs;
  };
  return {
    inputs,
    values: given,
    loops: program(looped),
    unrolled: program(unroller(new Map(inputs.map((x, i) => [x, given[i]!])))),
  };
}

/** One weight for each element, none of them 0. */
export function weights(shape: readonly number[], seed: number): NDArray {
  return values(rng(seed), shape);
}

/** What derivatives of twins are compared by. */
export interface Probes {
  /** Of all outputs. */
  readonly cost: Variable<0>;
  /** One for each input. */
  readonly directions: readonly Constant[];
  /** What gradients say of a step in these directions. */
  readonly along: (gradients: readonly Variable[]) => Variable<0>;
}

/** A cost that weighs every element of the outputs of a twin, and directions to differentiate in. */
export function probesOf(
  { inputs, values }: Twins,
  outputs: readonly Variable[],
): Probes {
  const given = new Map(inputs.map((x, i) => [x, values[i]!]));
  const shapes = evaluate(outputs, given).map((y) => y.shape);
  const cost = outputs
    .map((y, i): Variable =>
      sum(mul(mul(y, y), new Constant(weights(shapes[i]!, i))))
    )
    .reduce((a, b) => add(a, b), constant(0, { dtype: "float64" }));
  const directions = values.map((x, i) =>
    new Constant(weights(x.shape, 9 + i))
  );
  return {
    cost: cost as Variable<0>,
    directions,
    along: (gradients) =>
      gradients.map((g, i): Variable => sum(mul(g, directions[i]!)))
        .reduce((a, b) => add(a, b)) as Variable<0>,
  };
}
