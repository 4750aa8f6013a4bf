/** Einstein's summation: products of arrays whose axes have letters. */
import { describeOther } from "../../graph/describe_other.ts";
import { promote } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { cast, mul } from "../elementwise/elemwise.ts";
import { sum } from "../reductions/reduce.ts";
import { diagonal } from "../shape/diagonal.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import { SYMBOLIC } from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { dot } from "./dot.ts";
import { batchedDot } from "./products.ts";

/** An array, and the letter of each of its axes. */
interface Lettered {
  readonly x: Variable;
  readonly letters: readonly string[];
}

type Length = number | Variable;

/**
 * The sum of products that `subscripts` say, as NumPy's einsum: a letter for
 * each axis of each operand, those of the result behind `->`. Letters that the
 * result lacks are summed over; without `->` the result has those that occur
 * once, in alphabetical order. A letter twice in one operand takes its
 * diagonal; `...` stands for all other axes, aligned at the last one.
 * Operands are multiplied from left to right, as products of matrices wherever
 * two share a letter that is summed over.
 *
 * TypeError: the letters do not fit the operands. RangeError: a letter has two
 * lengths.
 *
 * ```ts
 * import { einsum, function as compile, matrix } from "damo";
 * const x = matrix("x"), f = compile([x], [einsum("ij,kj->ik", x, x), einsum("ii", x)]);
 * const [products, trace] = f([[1, 2], [3, 4]]);
 * console.log(products.toArray(), trace); // [ [ 5, 11 ], [ 11, 25 ] ] 5
 * ```
 */
export function einsum(
  subscripts: string,
  ...operands: readonly Operand[]
): Variable {
  if (typeof subscripts !== "string" || operands.length === 0) {
    throw new TypeError(
      `Cannot apply einsum: expected letters such as "ij,jk->ik", then operands, got ${
        [subscripts, ...operands].map(describeOther).join(", ")
      }`,
    );
  }
  const given = operands.map((x) => asVariable(x)),
    { inputs, output } = read(subscripts, given.map((x) => x.ndim));
  const dtype = given.map((x) => x.dtype).reduce(promote);
  const parts = given.map((x, i) =>
    onDiagonals({ x: cast(x, dtype), letters: inputs[i]! })
  );
  const result = parts.reduce((done, next, i) => {
    const later = new Set([
      ...output,
      ...parts.slice(i + 1).flatMap((p) => p.letters),
    ]);
    return product(done, next, (letter) => later.has(letter));
  });
  const last = summed(result, (letter) => output.includes(letter));
  return arranged(last, output);
}

/** The letters of each operand and of the result, with `...` written out. */
function read(
  subscripts: string,
  ranks: readonly number[],
): {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
} {
  const wrong = (why: string) =>
    new TypeError(`Cannot apply einsum "${subscripts}": ${why}`);
  const text = subscripts.replaceAll(/\s/g, ""),
    [left, right, ...more] = text.split("->"),
    terms = left!.split(",");
  const form = /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/;
  if (more.length > 0 || [...terms, right ?? ""].some((t) => !form.test(t))) {
    throw wrong("expected letters and at most one ... for each operand");
  }
  if (terms.length !== ranks.length) {
    throw wrong(`it names ${terms.length} operands, got ${ranks.length}`);
  }
  const counts = terms.map((t, i) => {
    const named = t.replace("...", "").length, rest = ranks[i]! - named;
    if (t.includes("...") ? rest < 0 : rest !== 0) {
      throw wrong(`operand ${i} has ${ranks[i]} axes, and ${named} letters`);
    }
    return rest;
  });
  const most = Math.max(...counts),
    others = Array.from({ length: most }, (_, k) => `...${k}`);
  const spell = (t: string, rest: number) => {
    const [before, behind] = t.split("...");
    return behind === undefined ? [...before!] : [
      ...before!,
      ...others.slice(most - rest),
      ...behind,
    ];
  };
  const inputs = terms.map((t, i) => spell(t, counts[i]!)),
    all = inputs.flat();
  if (right === undefined) {
    const once = all.filter((letter) =>
      all.indexOf(letter) === all.lastIndexOf(letter) &&
      !letter.startsWith("...")
    );
    return { inputs, output: [...others, ...once.sort()] };
  }
  const output = spell(right, most);
  const unknown = output.find((letter) => !all.includes(letter));
  if (unknown !== undefined) throw wrong(`no operand has ${unknown}`);
  if (new Set(output).size < output.length) {
    throw wrong("the result has a letter twice");
  }
  if (most > 0 && !right.includes("...")) {
    throw wrong("the result has no ..., and an operand has");
  }
  return { inputs, output };
}

/** Every letter once: the diagonal of axes that share one. */
function onDiagonals({ x, letters }: Lettered): Lettered {
  const second = letters.findIndex((letter, k) => letters.indexOf(letter) < k);
  if (second < 0) return { x, letters };
  const letter = letters[second]!, first = letters.indexOf(letter);
  const rest = letters.filter((_, k) => k !== first && k !== second);
  return onDiagonals({
    x: diagonal(x, 0, first, second),
    letters: [...rest, letter],
  });
}

/** Summed over the letters that nothing wants. */
function summed(
  { x, letters }: Lettered,
  wanted: (letter: string) => boolean,
): Lettered {
  const axis = letters.flatMap((letter, k) => wanted(letter) ? [] : [k]);
  return axis.length === 0
    ? { x, letters }
    : { x: sum(x, { axis }), letters: letters.filter(wanted) };
}

/** Axes in the order of `letters`, with one of length 1 for each that is not there. */
function arranged(
  { x, letters: own }: Lettered,
  letters: readonly string[],
): Variable {
  return dimshuffle(
    x,
    letters.map((letter) => own.includes(letter) ? own.indexOf(letter) : "x"),
  );
}

/** The product of two, summed over what they share and nothing else wants. */
function product(
  a: Lettered,
  b: Lettered,
  wanted: (letter: string) => boolean,
): Lettered {
  const left = summed(a, (l) => wanted(l) || b.letters.includes(l)),
    right = summed(b, (l) => wanted(l) || a.letters.includes(l));
  const shared = left.letters.filter((l) => right.letters.includes(l)),
    inner = shared.filter((l) => !wanted(l)),
    batch = shared.filter(wanted),
    rows = left.letters.filter((l) => !shared.includes(l)),
    columns = right.letters.filter((l) => !shared.includes(l)),
    letters = [...batch, ...rows, ...columns];
  if (inner.length === 0) {
    return {
      x: mul(arranged(left, letters), arranged(right, letters)),
      letters,
    };
  }
  const x = grouped(left, [batch, rows, inner]),
    y = grouped(right, [batch, inner, columns]);
  const z = batch.length > 0
    ? batchedDot(x, y)
    : dot(dimshuffle(x, [1, 2]), dimshuffle(y, [1, 2]));
  const lengths = letters.map((l) => lengthOf(left, l) ?? lengthOf(right, l)!);
  return { x: reshape(z, lengths) as Variable, letters };
}

/** Three axes: the letters of each group as one, of length 1 for none. */
function grouped(
  part: Lettered,
  groups: readonly (readonly string[])[],
): Variable {
  const lengths = groups.map((group) =>
    group.reduce<Length>(
      (n, letter) => SYMBOLIC.mul(n, lengthOf(part, letter)!) as Length,
      1,
    )
  );
  return reshape(arranged(part, groups.flat()), lengths) as Variable;
}

function lengthOf({ x, letters }: Lettered, letter: string): Length | null {
  const axis = letters.indexOf(letter);
  return axis < 0 ? null : lengthsOf(x)[axis]!;
}
