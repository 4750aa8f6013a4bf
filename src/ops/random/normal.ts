/** Normal numbers out of uniform ones: the transform of Box and Muller, Annals of Mathematical Statistics 29 (1958). */
import { slice } from "../../graph/indexing.ts";
import type { Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import type { Operand } from "../define.ts";
import {
  abs,
  add,
  cos,
  intDiv,
  log,
  mod,
  mul,
  sin,
  sqrt,
} from "../elementwise/elemwise.ts";
import { gt, invert } from "../elementwise/elemwise_logic.ts";
import { join } from "../shape/join.ts";
import { flatnonzero } from "../indexing/nonzero.ts";
import { size } from "../shape/shape.ts";
import type { SymbolicLength } from "../shape/length_graph.ts";

/** Draws this many numbers between `low` and 1. */
export type DrawUniform = (n: SymbolicLength, low: Operand) => Variable;

/** The standard deviation of a normal number that lies within two of its own: √(1 - 4 φ(2) / (2 Φ(2) - 1)). */
export const WITHIN_TWO = 0.87962566103423978;

/**
 * `count` independent normal numbers: of each two uniform ones u and v those
 * of radius √(-2 log u) and angle 2π v. Truncated, a radius that leads beyond
 * two is drawn again from those of which none does, and those numbers come
 * behind the others of their half.
 */
export function normals(
  count: SymbolicLength,
  draw: DrawUniform,
  truncated: boolean,
): Variable {
  const odd = typeof count === "number" ? count % 2 : mod(count, 2),
    even = typeof odd === "number" ? count as number + odd : add(count, odd),
    half = typeof even === "number" ? even / 2 : intDiv(even, 2);
  const u = draw(even, 0), angle = mul(2 * Math.PI, at(u, slice(half)));
  const radius = radiusOf(at(u, slice(undefined, half))),
    directions = [cos(angle), sin(angle)];
  const halves = truncated
    ? within(radius, directions, draw)
    : directions.map((d) => mul(radius, d));
  return at(join(0, ...halves), slice(undefined, count));
}

function radiusOf(u: Variable): Variable {
  return sqrt(mul(-2, log(u)));
}

/** The numbers within two, and those that were drawn again. */
function within(
  radius: Variable,
  directions: readonly Variable[],
  draw: DrawUniform,
): Variable[] {
  const parts = directions.map((direction) => {
    const z = mul(radius, direction), beyond = gt(abs(z), 2);
    return {
      kept: at(z, flatnonzero(invert(beyond))),
      again: at(direction, flatnonzero(beyond)),
    };
  });
  const counts = parts.map(({ again }) => size(again));
  const [first, all] = [counts[0]!, add(counts[0]!, counts[1]!)];
  // A radius of at most two: u is no less than e^-2.
  const small = radiusOf(draw(all, Math.exp(-2)));
  const radii = [at(small, slice(undefined, first)), at(small, slice(first))];
  return parts.flatMap(({ kept, again }, i) => [kept, mul(radii[i]!, again)]);
}
