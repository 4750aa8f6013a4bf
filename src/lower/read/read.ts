/** Reads a graph for one signature: lengths and layouts of every value, and the units that make them. */
import type { FunctionGraph } from "../../graph/function_graph.ts";
import type { Length } from "../../graph/length.ts";
import {
  type Apply,
  Constant,
  mayFail,
  type SharedVariable,
  siteOf,
  type Variable,
  type ViewMap,
} from "../../graph/variable.ts";
import { isInteger } from "../../graph/dtype.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import { derived } from "../../graph/origin.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { identity } from "../../ops/elementwise/elemwise.ts";
import { ifelse } from "../../ops/ifelse.ts";
import { shapeAt } from "../../ops/shape/shape.ts";
import type {
  Check,
  Computation,
  Flow,
  Frame,
  Source,
  Unit,
  Value,
} from "../flow.ts";
import { copyOf, valuesOf } from "../flow.ts";
import { infer, type Inference } from "./infer.ts";
import { valuesLike } from "../arrange.ts";
import {
  fitsLie,
  isPlain,
  knownShape,
  type Lie,
  lookedAt,
  packed,
} from "../layout.ts";
import { readBoundary } from "./boundary.ts";
import { readChoice, readScan } from "./nested.ts";
import { Scalars } from "./scalars.ts";
import { atomOf, sameLength } from "./shapes.ts";
import { fold } from "./known.ts";
import type { Assumption, Signature } from "../signature.ts";

/** A graph's values and units for one signature. RangeError, with the user's line, where lengths do not fit. */
export function readGraph(graph: FunctionGraph, signature: Signature): Flow {
  const reader = new Reader(signature.assumed);
  const { inputs, shared, checks } = readBoundary(graph, signature, reader);
  reader.like = valuesLike(graph, shared);
  const values = graph.updates.map(([, v]) => v);
  reader.readNodes([...graph.outputs, ...values], reader.top);
  const storages = new Map<SharedVariable, Value>(shared);
  return {
    top: reader.top,
    values: reader.values,
    units: reader.units,
    inputs,
    shared,
    outputs: graph.outputs.map((v) => reader.lookup(v, reader.top)),
    updates: graph.updates.map(([s], i) => ({
      storage: storages.get(s)!,
      value: reader.lookup(values[i]!, reader.top),
    })),
    checks,
  };
}

/** What a new value is told; a length of null is read from the value itself. */
export type NewValue =
  & Pick<Value, "variable" | "frame" | "leaf" | "rowMajor" | "strides">
  & { readonly lengths: readonly Length[] }
  & Partial<Pick<Value, "scalar" | "data">>;

type NewUnit = Unit extends infer U
  ? U extends Unit ? Omit<U, "id" | "outputs"> : never
  : never;

/** The state of one reading. */
export class Reader {
  readonly top: Frame = { depth: 0, parent: null, values: new Map() };
  readonly values: Value[] = [];
  readonly units: Unit[] = [];
  readonly scalars: Scalars = new Scalars(this);
  /** Variables of the top frame that lie like a storage, where they have its lengths. */
  like: ReadonlyMap<Variable, Value> = new Map();
  readonly #copies = new Map<Value, Value>();

  constructor(readonly assumed: readonly Assumption[]) {}

  /** The value that a variable has in a frame or one around it. */
  lookup(v: Variable, frame: Frame): Value {
    return this.find(v, frame) ?? this.#constant(v);
  }

  find(v: Variable, frame: Frame): Value | null {
    for (let f: Frame | null = frame; f; f = f.parent) {
      const known = f.values.get(v);
      if (known) return known;
    }
    return null;
  }

  value(spec: NewValue, unit = -1, index = 0): Value {
    const { variable, frame } = spec, lengths: Length[] = [...spec.lengths];
    const value: Value = {
      scalar: null,
      data: null,
      ...spec,
      id: this.values.length,
      unit,
      index,
      dtype: variable.dtype,
      shape: knownShape(lengths),
      lengths,
    };
    lengths.forEach((n, axis) => lengths[axis] = n ?? atomOf(value, axis));
    const counts = value.scalar === null && lengths.length === 0 &&
      isInteger(value.dtype);
    const made = counts
      ? Object.assign(value, { scalar: atomOf(value, -1) })
      : value;
    this.values.push(made);
    frame.values.set(variable, made);
    return made;
  }

  unit(spec: NewUnit, outputs: readonly NewValue[]): readonly Value[] {
    const id = this.units.length, made: Value[] = [];
    this.units.push({ ...spec, id, outputs: made } as Unit);
    outputs.forEach((o) => made.push(this.value(o, id, o.variable.index)));
    return made;
  }

  /** How a value that is computed lies: row-major, but for what lies like a storage. */
  #lieOf(v: Variable, shape: readonly (number | null)[]): Lie {
    const like = v.owner!.op.loops ? this.like.get(v) : undefined;
    return like && fitsLie(shape, like)
      ? { strides: like.strides, rowMajor: like.rowMajor }
      : packed(shape);
  }

  #constant(v: Variable): Value {
    if (!(v instanceof Constant)) {
      throw new TypeError(
        `Cannot compile: the graph needs ${v}, which is not among the inputs`,
      );
    }
    return this.#known(v, this.top, v.data);
  }

  /** A variable that is the same in every call. */
  #known(variable: Variable, frame: Frame, value: NDArray): Value {
    const data = value.contiguous ? value : value.copy(),
      { shape, dtype } = data;
    return this.value({
      variable,
      frame,
      leaf: "constant",
      lengths: shape,
      ...packed(shape),
      scalar: shape.length === 0 && isInteger(dtype) &&
          Number.isSafeInteger(Number(data.item()))
        ? Number(data.item())
        : null,
      data,
    });
  }

  /** A row-major copy of a value; one is enough. */
  copied(x: Value): Value {
    const known = this.#copies.get(x);
    if (known) return known;
    const node = identity(x.variable).owner!;
    const [copy] = this.unit(
      copyOf(node, x),
      [{
        variable: node.outputs[0]!,
        frame: x.frame,
        leaf: null,
        lengths: x.lengths,
        ...packed(x.shape),
        scalar: x.scalar,
      }],
    );
    this.#copies.set(x, copy!);
    return copy!;
  }

  /** Reads what `roots` need in a frame, in the order of creation. */
  readNodes(roots: readonly Variable[], frame: Frame): void {
    for (const [node, wanted] of this.#needed(roots, frame)) {
      derived(node.origin, () => this.#readNode(node, wanted, frame));
    }
  }

  /** The applications that roots need, by creation, and for each which outputs are wanted. */
  #needed(roots: readonly Variable[], frame: Frame): [Apply, Set<number>][] {
    const wanted = new Map<Apply, Set<number>>(), todo = [...roots];
    for (let v = todo.pop(); v; v = todo.pop()) {
      const node = v.owner;
      if (!node || this.find(v, frame)) continue;
      const seen = wanted.get(node) ?? new Set();
      if (seen.has(v.index)) continue;
      wanted.set(node, seen.add(v.index));
      if (node.op === ifelse.op) {
        const half = (node.inputs.length - 1) / 2;
        todo.push(
          node.inputs[0]!,
          node.inputs[1 + v.index]!,
          node.inputs[1 + half + v.index]!,
        );
      } else if (seen.size === 1) todo.push(...node.inputs);
    }
    return [...wanted].sort(([a], [b]) => a.id - b.id);
  }

  #readNode(node: Apply, wanted: ReadonlySet<number>, frame: Frame): void {
    if (node.op === ifelse.op) readChoice(this, { node, frame, wanted });
    else if (node.op !== scanOp || !readScan(this, node, frame)) {
      this.compute(node, frame);
    }
  }

  /** The inputs of a kernel as it can take them: where they lie is known, or in row-major order. */
  #operands(node: Apply, inputs: readonly Value[]): readonly Value[] {
    const { loops, c } = node.op;
    const packed = loops ? [] : c?.(siteOf(node)).rowMajor ?? [];
    return inputs.map((x, i) =>
      (packed.includes(i) ? x.rowMajor : isPlain(x)) ? x : this.copied(x)
    );
  }

  /** Reads one application of an ordinary op. */
  compute(node: Apply, frame: Frame): void {
    const inputs = node.inputs.map((v) => this.lookup(v, frame)),
      site = infer(node, inputs, this),
      { refusal } = site;
    const known = fold(node, inputs, site);
    if (known) {
      return known.forEach((data, i) =>
        this.#known(node.outputs[i]!, frame, data)
      );
    }
    const map = node.op.views && !refusal ? node.op.view!(siteOf(node)) : null;
    const view = map && !acts(node, map)
      ? viewOf(this, map, inputs, site)
      : null;
    const builtin = view || refusal
      ? null
      : node.op === identity.op
      ? "copy"
      : node.op === shapeAt.op
      ? "length"
      : null;
    const operands = view?.operands ??
      (builtin ? inputs : this.#operands(node, inputs));
    const sources = (lengths: readonly Length[]) =>
      lengths.map((n) => this.scalars.source(n!, operands));
    const hostOnly = refusal !== undefined ||
      !view && site.lengths.some((ns) => ns.some((n) => n === null));
    const reserve = site.lengths.map((ns) =>
      view || builtin || hostOnly || ns.every((n) => typeof n === "number")
        ? null
        : sources(ns)
    );
    const check = ([a, b]: readonly [Length, Length]): Check => ({
      x: this.scalars.source(a, inputs),
      y: this.scalars.source(b, inputs),
      axis: Math.max(
        0,
        ...inputs.map((x) =>
          x.lengths.findIndex((n) => sameLength(n, a) || sameLength(n, b))
        ),
      ),
    });
    const checks = site.checks.map(check);
    const needs = new Set([
      ...operands,
      ...valuesOf([
        ...(view?.lengths ?? []),
        ...reserve.flatMap((r) => r ?? []),
        ...checks.flatMap((c) => [c.x, c.y]),
      ]),
      ...site.guards.map((g) => g.length),
    ]);
    const lies = (i: number) =>
      view
        ? lookedAt(view.operands[0]!, view.map, site.lengths[i]!)
        : this.#lieOf(node.outputs[i]!, knownShape(site.lengths[i]!));
    this.unit(
      {
        kind: "compute",
        node,
        frame,
        inputs: view ? [operands[0]!] : operands,
        view,
        builtin,
        hostOnly,
        reserve,
        checks,
        guards: site.guards,
        needs: [...needs],
        ...(refusal && { refusal }),
      },
      node.outputs.map((variable, i) => ({
        variable,
        frame,
        leaf: null,
        lengths: site.lengths[i]!,
        ...lies(i),
        scalar: site.scalars[i]!,
      })),
    );
  }
}

/** No mere view: it prints what it passes on, or may refuse what its view does not check. */
function acts(node: Apply, map: ViewMap): boolean {
  const checks = map.kind === "affine" && map.checked.includes(true);
  return node.op.ordered === true || mayFail(node) && !checks;
}

/** A view with its operands: the array, then the scalars that its starts and lengths need. */
function viewOf(
  reader: Reader,
  map: ViewMap,
  inputs: readonly Value[],
  site: Inference,
): Computation["view"] {
  const x = map.kind === "reshape" && !inputs[0]!.rowMajor
    ? reader.copied(inputs[0]!)
    : inputs[0]!;
  const scalars: Value[] = [], lengths = site.lengths[0] as Length[];
  if (map.kind === "affine") {
    map.from.forEach((to, axis) => {
      if (to !== null && lengths[to] === null) lengths[to] = x.lengths[axis]!;
    });
  }
  const source = (n: Length): Source => reader.scalars.source(n, [x]);
  if (map.kind === "reshape") {
    return { map, operands: [x], lengths: lengths.map(source) };
  }
  const start = map.start.map((s) => {
    if (typeof s === "number") return s;
    const scalar = inputs[s.input]!;
    if (typeof scalar.scalar === "number") return scalar.scalar;
    const known = scalars.indexOf(scalar);
    return { input: 1 + (known < 0 ? scalars.push(scalar) - 1 : known) };
  });
  return {
    map: { ...map, start },
    operands: [x, ...scalars],
    lengths: lengths.map(source),
  };
}
