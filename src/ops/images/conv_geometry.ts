/** What a convolution is: options in full, borders, lengths, and groups. */
import { type Defaults, withDefaults } from "../../graph/options.ts";
import type { Dim } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { SYMBOLIC, type SymbolicLength } from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";

/** What lies around an image: nothing; as much as lets a filter overlap it by one element; as much as keeps lengths with an odd filter; or zeros, as many for all axes or for each, in front and behind. */
export type BorderMode =
  | "valid"
  | "full"
  | "half"
  | number
  | readonly (number | readonly [before: number, after: number])[];

/** How to convolve. */
export interface ConvOptions {
  /** Lengths of the image, null for those that are not known: tells the type, and is checked when it runs. */
  readonly inputShape?: readonly Dim[];
  /** Lengths of the filters, likewise. */
  readonly filterShape?: readonly Dim[];
  /** "valid" unless given. */
  readonly borderMode?: BorderMode;
  /** Elements of the image from one element of the result to the next, for each axis; 1 unless given. */
  readonly subsample?: readonly number[];
  /** Filters are read from their ends, as a convolution does (true unless given); else it is a correlation. */
  readonly filterFlip?: boolean;
  /** Elements of the image from one element of a filter to the next, for each axis; 1 unless given. */
  readonly filterDilation?: readonly number[];
  /** Channels, and filters, are divided into so many groups that do not see each other; 1 unless given. */
  readonly numGroups?: number;
  /** Each element of the result has filters of its own: their axes are those of the result but for the batch, then the channels and the lengths of a filter. */
  readonly unshared?: boolean;
}

/** A convolution as it is meant: the options with nothing left out. */
export interface Geometry {
  readonly name: string;
  /** The number of axes that filters move over. */
  readonly n: number;
  readonly border: BorderMode;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly flip: boolean;
  readonly groups: number;
  readonly unshared: boolean;
}

/** Every option; a step is 1 for each axis. */
export const CONV_DEFAULTS = {
  borderMode: "valid",
  subsample: undefined,
  filterFlip: true,
  filterDilation: undefined,
  numGroups: 1,
  unshared: false,
  inputShape: undefined,
  filterShape: undefined,
} as const satisfies Defaults<ConvOptions>;

/** The options in full. RangeError: steps or borders that are no whole numbers, or not as many as axes. */
export function geometry(
  name: string,
  n: number,
  options: ConvOptions,
): Geometry {
  const each = Array<number>(n).fill(1);
  const {
    borderMode,
    subsample = each,
    filterFlip,
    filterDilation = each,
    numGroups,
    unshared,
  } = withDefaults(`apply ${name}`, options, CONV_DEFAULTS);
  const steps = { subsample, filterDilation, numGroups: [numGroups] };
  for (const [option, list] of Object.entries(steps)) {
    if (
      list.length !== (option === "numGroups" ? 1 : n) ||
      list.some((s) => !Number.isInteger(s) || s < 1)
    ) {
      throw new RangeError(
        `Cannot apply ${name}: ${option} is ${list.join(", ")}; expected ${
          option === "numGroups" ? "a" : `${n}`
        } whole number${option === "numGroups" ? "" : "s"} above 0`,
      );
    }
  }
  const sides = typeof borderMode === "string"
    ? []
    : typeof borderMode === "number"
    ? [borderMode]
    : borderMode.flat();
  const isList = typeof borderMode === "object";
  if (
    sides.some((p) => !Number.isInteger(p) || p < 0) ||
    (isList && borderMode.length !== n) ||
    (isList && borderMode.some((p) => typeof p === "object" && p.length !== 2))
  ) {
    throw new RangeError(
      `Cannot apply ${name}: borderMode is ${
        JSON.stringify(borderMode)
      }; expected "valid", "full", "half", or for each of ${n} axes a number of zeros or a pair of them`,
    );
  }
  if (
    typeof borderMode === "string" &&
    !["valid", "full", "half"].includes(borderMode)
  ) {
    throw new TypeError(
      `Cannot apply ${name}: borderMode is ${borderMode}; expected "valid", "full", "half" or numbers`,
    );
  }
  return {
    name,
    n,
    border: borderMode,
    stride: subsample,
    dilation: filterDilation,
    flip: filterFlip,
    groups: numGroups,
    unshared,
  };
}

/** How far the taps of a filter reach beyond its first. */
function reach(
  { dilation }: Geometry,
  taps: readonly SymbolicLength[],
): SymbolicLength[] {
  return taps.map((k, d) => SYMBOLIC.mul(SYMBOLIC.sub(k, 1), dilation[d]!));
}

/** Zeros in front of and behind each axis, for filters of these lengths. */
export function borders(
  g: Geometry,
  taps: readonly SymbolicLength[],
): (readonly [before: SymbolicLength, after: SymbolicLength])[] {
  return reach(g, taps).map((e, d) => {
    const { border } = g;
    if (border === "valid") return [0, 0];
    if (border === "full") return [e, e];
    if (border === "half") {
      const half = SYMBOLIC.floorDiv(SYMBOLIC.add(e, 1), 2);
      return [half, half];
    }
    const side = typeof border === "number" ? border : border[d]!;
    return typeof side === "number" ? [side, side] : side;
  });
}

/** The lengths of what filters of these lengths make of an image of those. */
export function resultLengths(
  g: Geometry,
  image: readonly SymbolicLength[],
  taps: readonly SymbolicLength[],
): SymbolicLength[] {
  const { add, sub, floorDiv } = SYMBOLIC, e = reach(g, taps);
  return borders(g, taps).map(([before, after], d) => {
    const room = sub(add(add(image[d]!, before), after), add(e[d]!, 1));
    const length = add(floorDiv(room, g.stride[d]!), 1);
    if (typeof length === "number" && length <= 0) {
      throw new RangeError(
        `Cannot apply ${g.name}: along axis ${d + 2} the image has length ${
          image[d]
        } with a border of ${before} and ${after}, and a filter of length ${
          taps[d]
        } with dilation ${
          g.dilation[d]
        } does not fit; use a smaller filter or a wider borderMode`,
      );
    }
    return length;
  });
}

/** The lengths of an image of which such filters, without steps, make a result of those. */
export function imageLengths(
  g: Geometry,
  result: readonly SymbolicLength[],
  taps: readonly SymbolicLength[],
): SymbolicLength[] {
  const { add, sub } = SYMBOLIC, e = reach(g, taps);
  return borders(g, taps).map(([before, after], d) =>
    sub(add(result[d]!, e[d]!), add(before, after)) as SymbolicLength
  );
}

/** The lengths of filters that, without steps, make a result of an image of those; null where a "half" border hides them. */
export function tapLengths(
  g: Geometry,
  image: readonly SymbolicLength[],
  result: readonly SymbolicLength[],
): (SymbolicLength | null)[] {
  const { add, sub, floorDiv } = SYMBOLIC;
  if (g.border === "half") return image.map(() => null);
  // Only borders that do not follow from the filters are asked for.
  const sides = g.border === "full" ? null : borders(g, image);
  return image.map((n, d) => {
    const e = sides === null
      ? sub(result[d]!, n)
      : sub(add(n, add(...sides[d]!)), result[d]!);
    return add(floorDiv(e, g.dilation[d]!), 1) as SymbolicLength;
  });
}

/** The part of an axis that a group has. RangeError: it cannot be divided. */
export function perGroup(
  { name, groups }: Geometry,
  length: SymbolicLength,
  what: string,
): SymbolicLength {
  if (typeof length === "number" && length % groups !== 0) {
    throw new RangeError(
      `Cannot apply ${name}: ${length} ${what} cannot be divided into ${groups} groups`,
    );
  }
  return SYMBOLIC.floorDiv(length, groups);
}

/** The axis (of channels or filters) of x as two: groups, and what each has. */
export function divided(
  g: Geometry,
  x: Variable,
  axis: number,
  what: string,
): Variable {
  const lengths: SymbolicLength[] = lengthsOf(x),
    own = perGroup(g, lengths[axis]!, what);
  return reshape(x, lengths.toSpliced(axis, 1, g.groups, own));
}

/** x with its two axes of groups and what each has made one again: undoes `divided`. */
export function united(x: Variable, axis: number): Variable {
  const lengths: SymbolicLength[] = lengthsOf(x);
  return reshape(
    x,
    lengths.toSpliced(
      axis,
      2,
      SYMBOLIC.mul(lengths[axis]!, lengths[axis + 1]!),
    ),
  );
}
