/** Lengths while lowering: numbers, and linear forms over what only the run will tell; so stop - start is 60 for the slice (60 i, 60 (i + 1)). */
import {
  type Length,
  type Lengths,
  sliceBounds,
  STATIC,
} from "../../graph/length.ts";
import type { Value } from "../flow.ts";

/** The length of an axis of a value; what a 0-d integer holds where axis is -1. */
export interface Atom {
  readonly value: Value;
  readonly axis: number;
}

interface Term extends Atom {
  readonly factor: number;
}

/** constant + sum of factor * atom. Equal forms have equal keys. */
export class Affine {
  /** `terms` are sorted by value and axis, and none has factor 0. */
  constructor(readonly constant: number, readonly terms: readonly Term[]) {}

  get key(): string {
    return `${this.constant}${
      this.terms.map((t) => `+${t.factor}*${t.value.id}.${t.axis}`).join("")
    }`;
  }

  /** The atom that this is, if it is just one. */
  get atom(): Atom | null {
    const [term] = this.terms;
    return this.constant === 0 && this.terms.length === 1 && term!.factor === 1
      ? term!
      : null;
  }

  toString(): string {
    return "?";
  }
}

/** The linear form of one atom. */
export function atomOf(value: Value, axis: number): Affine {
  return new Affine(0, [{ value, axis, factor: 1 }]);
}

/** Of two equal lengths a number, or the one that was known first: so that others are compared with that one only. */
function older(a: number | Affine, b: number | Affine): number | Affine {
  if (typeof a === "number" || typeof b === "number") {
    return typeof a === "number" ? a : b;
  }
  return a.terms[0]!.value.id <= b.terms[0]!.value.id ? a : b;
}

/** Whether two lengths are known to be equal. */
export function sameLength(a: Length, b: Length): boolean {
  return a === b ||
    (a instanceof Affine && b instanceof Affine && a.key === b.key);
}

/** a + factor * b; a number where nothing unknown is left. */
function combine(
  a: number | Affine,
  b: number | Affine,
  factor: number,
): number | Affine {
  const x = asAffine(a), y = asAffine(b), terms: Term[] = [];
  const order = (s: Atom, t: Atom) =>
    s.value.id - t.value.id || s.axis - t.axis;
  for (let i = 0, j = 0; i < x.terms.length || j < y.terms.length;) {
    const s = x.terms[i],
      t = y.terms[j],
      which = !s ? 1 : !t ? -1 : order(s, t);
    const term = which < 0
      ? s!
      : { ...t!, factor: factor * t!.factor + (which === 0 ? s!.factor : 0) };
    if (term.factor !== 0) terms.push(term);
    if (which <= 0) i++;
    if (which >= 0) j++;
  }
  const constant = x.constant + factor * y.constant;
  return terms.length ? new Affine(constant, terms) : constant;
}

function asAffine(a: number | Affine): Affine {
  return a instanceof Affine ? a : new Affine(a, []);
}

function scaled(a: Affine, by: number): number | Affine {
  return combine(0, a, by);
}

/** a / b where it leaves no rest, else null. */
function divided(a: Length, b: Length): Affine | null {
  if (!(a instanceof Affine) || typeof b !== "number" || b === 0) return null;
  const { constant, terms } = a;
  if (constant % b !== 0 || terms.some((t) => t.factor % b !== 0)) return null;
  return new Affine(
    constant / b,
    terms.map((t) => ({ ...t, factor: t.factor / b })),
  );
}

/** Whether a length cannot be negative, as far as its form shows. */
function isNatural(a: number | Affine): boolean {
  const { constant, terms } = asAffine(a);
  return constant >= 0 && terms.every((t) => t.factor > 0 && t.axis >= 0);
}

/** Arithmetic that makes a form no longer linear. */
export type Nonlinear =
  | {
    readonly kind: "mul" | "floorDiv" | "min" | "max";
    readonly args: readonly [Length, Length];
  }
  | {
    readonly kind: "slice";
    readonly args: readonly [
      Length | undefined,
      Length | undefined,
      number,
      Length,
    ];
  };

/** What the arithmetic asks of the reader of a graph. */
export interface LengthReader {
  /** A value that is computed by a graph of scalars; null where none is wanted. */
  compute(form: Nonlinear): Length;
  /** Both must be equal when the unit at hand runs. */
  check(a: Length, b: Length): void;
  /** The number that a length is taken to be, under a guard, if it seems to be `likely`; null if it is taken as it comes. */
  assume(length: Length, likely: number): number | null;
}

type Known = number | Affine;

function known(a: Length | undefined): a is Known {
  return typeof a === "number" || a instanceof Affine;
}

/** The arithmetic of one unit. */
export function affineLengths(reader: LengthReader): Lengths {
  const compute = (
    kind: "mul" | "floorDiv" | "min" | "max",
    a: Length,
    b: Length,
  ) => known(a) && known(b) ? reader.compute({ kind, args: [a, b] }) : null;
  const extreme = (kind: "min" | "max") => (a: Length, b: Length): Length => {
    if (!known(a) || !known(b)) return null;
    const apart = combine(a, b, -1);
    if (typeof apart === "number") {
      return (apart >= 0) === (kind === "max") ? a : b;
    }
    if (a === 0 && isNatural(b)) return kind === "max" ? b : 0;
    if (b === 0 && isNatural(a)) return kind === "max" ? a : 0;
    return compute(kind, a, b);
  };
  return {
    add: (a, b) => known(a) && known(b) ? combine(a, b, 1) : STATIC.add(a, b),
    sub: (a, b) => known(a) && known(b) ? combine(a, b, -1) : STATIC.sub(a, b),
    mul(a, b) {
      if (typeof a === "number" && b instanceof Affine) return scaled(b, a);
      if (typeof b === "number" && a instanceof Affine) return scaled(a, b);
      return a instanceof Affine ? compute("mul", a, b) : STATIC.mul(a, b);
    },
    floorDiv(a, b) {
      if (!(a instanceof Affine) && !(b instanceof Affine)) {
        return STATIC.floorDiv(a, b);
      }
      return divided(a, b) ?? compute("floorDiv", a, b);
    },
    min: extreme("min"),
    max: extreme("max"),
    slice(start, stop, step, n) {
      if (start === undefined && stop === undefined && Math.abs(step) === 1) {
        return n;
      }
      if (start === null || stop === null || n === null) return null;
      if (
        typeof n === "number" && !(start instanceof Affine) &&
        !(stop instanceof Affine)
      ) {
        return sliceBounds(
          start as number | undefined,
          stop as number | undefined,
          step,
          n,
        )[1];
      }
      const length = reader.compute({
        kind: "slice",
        args: [start, stop, step, n],
      });
      const span = known(start) && known(stop) && start instanceof Affine
        ? combine(stop, start, -1)
        : null;
      if (typeof span !== "number" || !(length instanceof Affine)) {
        return length;
      }
      const likely = Math.max(0, Math.ceil(span / step));
      return reader.assume(
        length,
        typeof n === "number" ? Math.min(n, likely) : likely,
      ) ?? length;
    },
    same(a, b, error) {
      if (!known(a) || !known(b)) return STATIC.same(a, b, error);
      const apart = combine(a, b, -1);
      if (typeof apart === "number") {
        if (apart !== 0) throw error(a, b);
      } else reader.check(a, b);
      return older(a, b);
    },
  };
}
