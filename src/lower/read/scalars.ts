/** Lengths that a graph of integers computes while the program runs. */
import type { Length } from "../../graph/length.ts";
import { type Apply, Constant, type Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";
import { asVariable } from "../../ops/define.ts";
import { fuse } from "../../ops/elementwise/fused.ts";
import { SYMBOLIC } from "../../ops/shape/length_graph.ts";
import { shapeAt } from "../../ops/shape/shape.ts";
import { type Frame, plainUnit, type Source, type Value } from "../flow.ts";
import { packed } from "../layout.ts";
import type { Reader } from "./read.ts";
import { Affine, atomOf, type Nonlinear, sameLength } from "./shapes.ts";

/** A sum of more terms is a sum of sums: one kernel computes each. */
const MOST_TERMS = 32;

/** The scalars of one reading; equal ones are made once. */
export class Scalars {
  readonly #made = new Map<string, Length>();
  constructor(readonly reader: Reader) {}

  /** A length as builtins take it: the axis of an operand where one has it, else a 0-d integer. */
  source(length: Length, operands: readonly Value[]): Source {
    if (typeof length === "number") return length;
    for (const value of operands) {
      const axis = value.lengths.findIndex((n) => sameLength(n, length));
      if (axis >= 0) return { value, axis };
    }
    return { value: this.value(length), axis: -1 };
  }

  /** The 0-d integer that holds a length. */
  value(length: Length): Value {
    const form = length as Affine, { atom } = form;
    if (atom && atom.axis < 0) return atom.value;
    const known = this.#remember(
      form.key,
      () => this.#read(this.#variable(form), frameOf([form], this.reader.top)),
    );
    return (known as Affine).atom!.value;
  }

  /** A form that is not linear, as an atom. */
  compute(form: Nonlinear): Length {
    const { args } = form,
      key = `${form.kind}(${
        args.map((a) => a instanceof Affine ? a.key : String(a)).join(",")
      })`;
    const at = frameOf(args, this.reader.top);
    return this.#remember(key, () => {
      const x = args.map((a) => a instanceof Affine ? this.#variable(a) : a);
      const made = form.kind === "slice"
        ? SYMBOLIC.slice(
          x[0] as Length | undefined,
          x[1] as Length | undefined,
          x[2] as number,
          x[3] as Length,
        )
        : SYMBOLIC[form.kind](x[0] as Length, x[1] as Length);
      return typeof made === "number" || made === null
        ? made
        : this.#read(made as Variable, at);
    });
  }

  #remember(key: string, make: () => Length): Length {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key)!;
  }

  /** The graph of a linear form. */
  #variable({ constant, terms, atom }: Affine): Variable {
    if (atom) {
      return atom.axis < 0
        ? atom.value.variable
        : shapeAt(atom.value.variable, atom.axis);
    }
    if (terms.length > MOST_TERMS) {
      const sums = Array.from(
        { length: Math.ceil(terms.length / MOST_TERMS) },
        (_, i) =>
          new Affine(0, terms.slice(i * MOST_TERMS, (i + 1) * MOST_TERMS)),
      );
      return this.#variable(
        new Affine(
          constant,
          sums.map((s) => ({ value: this.value(s), axis: -1, factor: 1 })),
        ),
      );
    }
    const term = ({ value, axis, factor }: Affine["terms"][number]) =>
      SYMBOLIC.mul(this.value(atomOf(value, axis)).variable, factor);
    const sum = terms.map(term).reduce((a, b) => SYMBOLIC.add(a, b));
    return asVariable(
      SYMBOLIC.add(sum, constant) as Variable | number,
      "int64",
    );
  }

  /** Reads a scalar's graph as one fused unit, behind the lengths of axes that it uses. */
  #read(scalar: Variable, frame: Frame): Length {
    const { reader } = this,
      isKnown = (v: Variable) => reader.find(v, frame) !== null,
      isLength = (v: Variable) => v.owner?.op === shapeAt.op;
    const nodes = toposort([scalar], (v) => isKnown(v) || isLength(v)),
      made = new Set(nodes.flatMap((n) => n.outputs));
    const operands = [...new Set([scalar, ...nodes.flatMap((n) => n.inputs)])]
      .filter((v) => !made.has(v) && !(v instanceof Constant));
    for (const v of operands) if (!isKnown(v)) this.#unit(v.owner!, frame);
    const result = nodes.length > 1 ? fuse(operands, [scalar])[0]! : scalar;
    if (nodes.length) this.#unit(result.owner!, frame);
    return atomOf(reader.lookup(result, frame), -1);
  }

  #unit(node: Apply, frame: Frame): void {
    const inputs = node.inputs.map((v) => this.reader.lookup(v, frame));
    this.reader.unit(
      {
        ...plainUnit(node, frame, inputs),
        builtin: node.op === shapeAt.op ? "length" : null,
      },
      [{
        variable: node.outputs[0]!,
        frame,
        leaf: null,
        lengths: [],
        ...packed([]),
      }],
    );
  }
}

/** The innermost frame whose values a length depends on. */
export function frameOf(
  lengths: readonly (Length | undefined)[],
  top: Frame,
): Frame {
  let deepest = top;
  for (const length of lengths) {
    if (!(length instanceof Affine)) continue;
    for (const { value } of length.terms) {
      if (value.frame.depth > deepest.depth) deepest = value.frame;
    }
  }
  return deepest;
}
