/** Random graphs over real ops: laziness, loops, views, failures, HOST ops, updates. Every linker, rule and layout is tried on these. */
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { allocate, type Dtype } from "../../src/graph/dtype.ts";
import { slice } from "../../src/graph/indexing.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { lagOf, type ScanParams } from "../../src/graph/scan_params.ts";
import { HostStorage } from "../../src/graph/storage.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply, SharedVariable, Variable } from "../../src/graph/variable.ts";
import { scanOp } from "../../src/nested/scan_op.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { broadcastTo } from "../../src/ops/shape/broadcast_to.ts";
import { constant } from "../../src/ops/constructors.ts";
import { assert } from "../../src/ops/debug.ts";
import { dimshuffle } from "../../src/ops/shape/dimshuffle.ts";
import {
  add,
  cast,
  maximum,
  mod,
  mul,
  sub,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt, neq, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { join, stack } from "../../src/ops/shape/join.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { check, quotient } from "./random_ops.ts";

/** Whole numbers from 0 below n, the same for the same seed. */
export type Rng = (n: number) => number;

/** The generator of a seed. */
export function rng(seed: number): Rng {
  let x = (seed * 2654435761 + 12345) >>> 0;
  return (n) => {
    x = (x + 0x6d2b79f5) >>> 0;
    let t = Math.imul(x ^ (x >>> 15), 1 | x);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** Some way to lay out a shared variable: its axes in any order, with or without gaps. Null for row-major. */
export function anyStrides(
  random: Rng,
  shape: readonly number[],
): number[] | null {
  if (random(3) === 0) return null;
  const axes = shape.map((_, axis) => axis), strides = shape.map(() => 0);
  let step = 1 + random(2);
  while (axes.length > 0) {
    const [axis] = axes.splice(random(axes.length), 1);
    strides[axis!] = step;
    step = step * Math.max(1, shape[axis!]!) + random(3);
  }
  return strides;
}

/** What the generator knows of a value: float64 scalars, vectors of 2, matrices of 2 columns, and int64 scalars. */
type Kind = "s" | "v" | "m" | "i";

const TYPES: {
  readonly [kind in Kind]: {
    readonly dtype: Dtype;
    readonly shape: readonly (number | null)[];
  };
} = {
  s: { dtype: "float64", shape: [] },
  v: { dtype: "float64", shape: [2] },
  m: { dtype: "float64", shape: [null, 2] },
  i: { dtype: "int64", shape: [] },
};

/** A graph, and values to call it with. */
export interface RandomGraph {
  readonly graph: FunctionGraph;
  readonly shared: readonly SharedVariable[];
  /** Applications to be run by `eval`. */
  readonly hosts: ReadonlySet<Apply>;
  /** Values of the inputs of one call. */
  inputs(random: Rng): NDArray[];
}

/** What to leave out: a suite that only compares values needs no op that refuses some. */
export interface RandomOptions {
  readonly size?: number;
  readonly failures?: boolean;
  readonly loops?: boolean;
}

function make(kind: Kind, values: Rng, rows = 1 + values(4)): NDArray {
  const { dtype, shape } = TYPES[kind],
    lengths = shape.map((n) => n ?? rows),
    data = allocate(dtype, sizeOf(lengths));
  for (let i = 0; i < data.length; i++) {
    data[i] = (dtype === "int64" ? BigInt(values(50)) : values(50)) as never;
  }
  return new NDArray(dtype, lengths, data);
}

/** Keeps numbers small, so that no value overflows however deep the graph. */
function wrap(x: Variable): Variable {
  return mod(x, 1009);
}

class Pool {
  readonly variables: (readonly [Kind, Variable])[] = [];
  constructor(readonly random: Rng) {}

  push(kind: Kind, ...made: Variable[]): void {
    made.forEach((v) => this.variables.push([kind, v]));
  }

  pick(kind: Kind): Variable {
    const { random } = this, all = this.variables.filter(([k]) => k === kind);
    if (all.length === 0) {
      const made = kind === "m"
        ? stack([this.pick("v"), this.pick("v"), this.pick("v")])
        : constant(make(kind, random));
      this.push(kind, made);
      return made;
    }
    return (random(3)
      ? all[Math.max(0, all.length - 1 - random(6))]
      : all[random(all.length)])![1];
  }
}

/** Builds one graph. */
class Builder {
  readonly hosts = new Set<Apply>();
  constructor(
    readonly random: Rng,
    readonly options: Required<RandomOptions>,
  ) {}

  #odd(x: Variable): Variable {
    return neq(mod(x, 2), 0);
  }

  #low(x: Variable, n = 4): Variable {
    return mod(x, n);
  }

  grow(pool: Pool, n: number, depth: number): void {
    const { random } = this, p = (k: Kind) => pool.pick(k);
    const host = (v: Variable) => {
      if (random(6) === 0 && v.owner) this.hosts.add(v.owner);
      return v;
    };
    for (let k = 0; k < n; k++) {
      const r = random(44);
      if (r < 3) pool.push("v", host(add(p("v"), p("v"))));
      else if (r < 5) pool.push("v", wrap(mul(p("v"), p("v"))));
      else if (r < 7) pool.push("v", sub(5, p("v")));
      else if (r < 8) pool.push("m", wrap(mul(add(p("m"), 1), 3)));
      else if (r < 9) pool.push("i", host(mod(add(p("i"), p("i")), 97)));
      else if (r < 11) pool.push("s", sum(p("v")));
      else if (r < 12) pool.push("i", cast(sum(p("v")), "int64"));
      else if (r < 13) pool.push("v", maximum(add(p("s"), p("v")), p("s")));
      else if (r < 15) pool.push("v", host(wrap(sum(p("m"), { axis: 0 }))));
      else if (r < 17) pool.push("v", ...quotient(p("v"), p("v")));
      else if (r < 19) {
        pool.push(
          "v",
          this.options.failures
            ? (random(2)
              ? check(p("v"))
              : assert(p("v"), neq(mod(p("i"), 37), 5)))
            : where(gt(p("s"), 9), p("v"), p("v")),
        );
      } else if (r < 20) {
        pool.push("m", broadcastTo(p("v"), [add(1, this.#low(p("i"))), 2]));
      } else if (r < 21) pool.push("v", at(p("v"), "::-1"));
      else if (r < 22) pool.push("m", at(p("m"), "::-1"));
      else if (r < 23 && this.options.failures) this.#row(pool);
      else if (r < 24) pool.push("m", this.#rows(p("m"), p("i")));
      else if (r < 25) pool.push("m", join(0, p("m"), p("m")));
      else if (r < 26) {
        pool.push("v", sum(dimshuffle(p("m"), [1, 0]), { axis: 1 }));
      } else if (r < 27) {
        pool.push("m", reshape(dimshuffle(p("m"), [1, 0]), [-1, 2]));
      } else if (r < 28 && this.options.failures) {
        pool.push(
          "m",
          incSubtensor(
            at(p("m"), constant([0, 1], { dtype: "int64" })),
            p("v"),
          ),
        );
      } else if (r < 40) this.#choice(pool, depth);
      else if (depth < 2 && this.options.loops) this.#loop(pool, depth);
      else pool.push("v", add(p("v"), p("v")));
    }
  }

  /** One row of a matrix that is not known to be empty. */
  #row(pool: Pool): void {
    const m = pool.pick("m");
    if (m.type.shape[0] !== 0) {
      pool.push("v", at(m, this.random(4) ? 0 : this.#low(pool.pick("i"), 2)));
    }
  }

  /** Some rows of a matrix: between numbers, or from where an integer says. */
  #rows(m: Variable, i: Variable): Variable {
    const { random } = this, from = this.#low(i, 3);
    if (random(3) === 0) return at(m, "1:");
    return random(2) ? at(m, slice(from, add(from, 2))) : at(m, slice(from));
  }

  #choice(pool: Pool, depth: number): void {
    const { random } = this,
      kinds = Array.from(
        { length: 1 + random(3) },
        () => (["v", "v", "v", "m", "s", "i"] as Kind[])[random(6)]!,
      );
    const cond = this.#odd(
      random(2) ? cast(pool.pick("s"), "int64") : pool.pick("i"),
    );
    const branch = () =>
      kinds.map((kind) => {
        if (random(3) !== 0 || kind !== "v") return pool.pick(kind);
        const local = new Pool(random);
        local.variables.push(...pool.variables);
        this.grow(local, 2, Math.max(depth, random(3)));
        if (random(3) === 0) pool.variables.push(...local.variables.slice(-2));
        return local.pick(kind);
      });
    const made = ifelse(cond, branch(), branch());
    kinds.forEach((kind, i) => pool.push(kind, made[i]!));
  }

  #loop(pool: Pool, depth: number): void {
    const { random } = this,
      body = new Pool(random),
      inputs: Variable[] = [],
      sequenceTaps = [[0], [0], [-1, 0], [0, 1], [-2, 0, 1]];
    const stateTaps = [[-1], [-1], [-1], [-2, -1], [-3, -1], [-2], [-3]];
    const inner = (kind: Kind, like?: Variable) => {
      const v = new Variable(
        like?.type ?? dense(TYPES[kind].dtype, TYPES[kind].shape),
      );
      body.push(kind, v);
      return v;
    };
    const sequences = Array.from(
      { length: random(3) },
      () => ({ taps: sequenceTaps[random(5)]!, backwards: random(3) === 0 }),
    );
    const nSteps = sequences.length === 0 || random(3) === 0;
    if (nSteps) inputs.push(this.#low(pool.pick("i"), random(4) ? 4 : 2));
    for (const _ of sequences) inputs.push(pool.pick("m"));
    const states = Array.from(
      { length: random(4) },
      () => ({ taps: stateTaps[random(7)]!, keep: random(2) === 0 }),
    );
    for (const { taps } of states) {
      const three = () =>
        stack([pool.pick("v"), pool.pick("v"), pool.pick("v")]);
      inputs.push(
        lagOf(taps) === 1
          ? dimshuffle(pool.pick("v"), ["x", 0])
          : random(5) || !this.options.failures
          ? three()
          : pool.pick("m"),
      );
    }
    const withSequences = sequences.map((s) => ({
      ...s,
      vars: s.taps.map(() => inner("v")),
    }));
    const withStates = states.map((s) => ({
      ...s,
      vars: s.taps.map(() => inner("v")),
    }));
    const nonSequences = Array.from({ length: random(4) }, () => {
      const kind = (["v", "v", "m", "s", "i"] as Kind[])[random(5)]!,
        outer = pool.pick(kind);
      inputs.push(outer);
      return inner(kind, outer);
    });
    this.grow(body, 2 + random(7), depth + 1);
    const extras = Array.from(
      { length: (states.length ? 0 : 1) + random(2) },
      () => ({
        keep: !this.options.failures || random(3) > 0,
        value: body.pick("v"),
      }),
    );
    const until = random(3) === 0
      ? this.#odd(cast(sum(body.pick("v")), "int64"))
      : null;
    const params: ScanParams = {
      nSteps,
      sequences: withSequences,
      states: withStates.map((s) => ({ ...s, next: body.pick("v") })),
      extras,
      nonSequences,
      until,
    };
    const node = new Apply(scanOp, inputs, params);
    [...states, ...extras].forEach((s, i) =>
      pool.push(s.keep ? "m" : "v", node.outputs[i]!)
    );
  }
}

/** The graph of a seed. */
export function randomGraph(
  seed: number,
  { size = 1, failures = true, loops = true }: RandomOptions = {},
): RandomGraph {
  const random = rng(seed),
    builder = new Builder(random, { size, failures, loops }),
    pool = new Pool(random);
  const kinds: Kind[] = ["v", "s", "m", "i"],
    inputs = kinds.map((k) =>
      new Variable(dense(TYPES[k].dtype, TYPES[k].shape), null, 0, k)
    );
  inputs.forEach((v, i) => pool.push(kinds[i]!, v));
  const storages: Kind[] = ["v", "v", "v", "m", "s"];
  const shared = storages.map((k, i) => {
    const v = new SharedVariable(
      dense(TYPES[k].dtype, TYPES[k].shape),
      new HostStorage(make(k, random)),
      `${k}${i}`,
    );
    pool.push(k, v);
    return v;
  });
  pool.push("v", constant([3, 4], { dtype: "float64" }));
  builder.grow(pool, size * (4 + random(18)), 0);
  const outputs = Array.from(
    { length: 1 + random(3) },
    () => pool.pick((["v", "v", "s", "m"] as Kind[])[random(4)]!),
  );
  const updates: [SharedVariable, Variable][] = [];
  shared.forEach((s, i) => {
    const r = random(6), kind = storages[i]!;
    if (r < 2) return;
    if (kind === "s") updates.push([s, wrap(add(s, pool.pick("s")))]);
    else if (kind === "m") {
      updates.push([s, random(3) ? sub(7, s) : pool.pick("m")]);
    } else if (r < 4) {
      // Often of the form that may be written in place, sometimes a rotation of the shared variables.
      const by = random(3) ? pool.pick("v") : shared[random(3)]!;
      updates.push([
        s,
        random(3) ? [add, sub][random(2)]!(s, by) : quotient(s, by)[0]!,
      ]);
    } else updates.push([s, r < 5 ? pool.pick("v") : shared[random(3)]!]);
  });
  if (random(4) === 0 && updates.length) {
    outputs.push(updates[random(updates.length)]![1]);
  }
  return {
    graph: { inputs, outputs, updates },
    shared,
    hosts: builder.hosts,
    inputs: (values) => kinds.map((k) => make(k, values)),
  };
}
