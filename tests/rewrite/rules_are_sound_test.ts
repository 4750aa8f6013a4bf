/** Every rule of every phase is tested by existing: both of its sides are evaluated, at special points too. */
import { assert, assertEquals } from "@std/assert";
import { allocate, isBig, isFloat } from "../../src/graph/dtype.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { leaves } from "../../src/graph/walk.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { applyRules, mayReplace, session } from "../../src/rewrite/driver.ts";
import { equationOf, instances } from "../../src/rewrite/instance.ts";
import type { Licence } from "../../src/rewrite/pattern.ts";
import { RULES } from "../../src/rewrite/phases.ts";
import { SAMPLES } from "./samples.ts";

const FINITE = [0, -0, 1, -1, 0.5, -0.5, 1e-20, -1e-20, 8, -8, 800, -800];

/** What may stand among ordinary numbers, and what a licence promises of it. */
const ROUNDS: readonly {
  readonly special: readonly number[];
  readonly licences: readonly Licence[];
}[] = [
  { special: [], licences: ["exact", "value-safe", "may change NaN/inf"] },
  { special: FINITE, licences: ["exact", "value-safe", "may change NaN/inf"] },
  { special: [0.5, 1, 2, NaN], licences: ["exact", "value-safe"] },
  {
    special: [...FINITE, 1e200, Infinity, -Infinity, NaN],
    licences: ["exact"],
  },
];

/** Draws from a fixed sequence. */
function sequence(): () => number {
  let at = 0.5;
  return () => at = (at + 0.6180339887498949) % 1;
}

/** A value for a variable: integers below `top`, which are valid indices, or numbers with special ones among them; scalars stay finite. */
function draw(
  v: Variable,
  next: () => number,
  { special, top }: {
    readonly special: readonly number[];
    readonly top: number;
  },
): NDArray {
  const shape = v.type.shape.map((n, axis) =>
    typeof n === "number" ? n : [3, 4][axis]!
  );
  const data = allocate(v.dtype, sizeOf(shape)),
    some = v.ndim ? special : special.filter(Number.isFinite);
  for (let i = 0; i < data.length; i++) {
    if (!isFloat(v.dtype)) {
      const n = Math.floor(next() * (v.dtype === "bool" ? 2 : top));
      data[i] = isBig(v.dtype) ? BigInt(n) : n;
    } else if (some.length && next() < 0.5) {
      data[i] = some[Math.floor(next() * some.length)]!;
    } else data[i] = 4 * next() - 2;
  }
  return new NDArray(v.dtype, shape, data);
}

/** Whether a licence lets the left side's value become another. */
function allows(
  licence: Licence,
  left: number,
  right: number,
  tolerance: number,
): boolean {
  if (Object.is(left, right)) return true;
  if (licence === "exact") return false;
  if (Number.isFinite(left)) {
    return Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left));
  }
  return !Number.isNaN(right);
}

function compare(
  rule: string,
  licence: Licence,
  left: Variable,
  right: Variable,
): void {
  assert(mayReplace(left, right), `${rule} changes ${left} to ${right}`);
  const variables = leaves([left]).filter((v) => !(v instanceof Constant)),
    next = sequence();
  const top = variables.some((v) => v.type.shape.includes(1)) ? 1 : 3;
  const tolerance = left.dtype === "float32" ? 1e-5 : 1e-8;
  for (
    const { special } of ROUNDS.filter(({ licences }) =>
      licences.includes(licence)
    )
  ) {
    const poisoned = special.some(Number.isNaN);
    // Which of several NaN an argmax finds is not promised.
    if (poisoned && licence !== "exact" && !isFloat(left.dtype)) continue;
    for (let time = 0; time < 20; time++) {
      const values = new Map(
        variables.map((v) => [v, draw(v, next, { special, top })]),
      );
      const [a, b] = evaluate([left, right], values);
      assertEquals(a!.shape, b!.shape);
      const x = a!.flat(), y = b!.flat();
      for (let i = 0; i < x.length; i++) {
        const hidden = poisoned && Number.isNaN(x[i]) && !Number.isNaN(y[i]);
        if (!hidden && allows(licence, Number(x[i]), Number(y[i]), tolerance)) {
          continue;
        }
        const given = [...values].map(([v, value]) => `${v.name} = ${value}`)
          .join("; ");
        throw new Error(
          `${rule} (${licence}): element ${i} is ${x[i]}, becomes ${
            y[i]
          }, for ${given}`,
        );
      }
    }
  }
}

for (const { phase, rule } of RULES.filter(({ rule }) => rule.lhs !== null)) {
  Deno.test(`${phase}: ${equationOf(rule)}`, () => {
    const found = instances(rule);
    assert(found.length > 0, `${rule.name} declines its own pattern`);
    const kept = found.filter(({ root, made }) => mayReplace(root, made));
    assert(kept.length > 0, `${rule.name} changes the type of all it matches`);
    for (const { root, made } of kept) {
      compare(rule.name, rule.licence, root, made);
    }
  });
}

for (const { phase, rule } of RULES.filter(({ rule }) => rule.lhs === null)) {
  Deno.test(`${phase}: ${rule.equation}`, () => {
    const samples = SAMPLES[rule.name];
    assert(samples, `${rule.name} has no sample in tests/rewrite/samples.ts`);
    for (const [i, root] of samples.entries()) {
      const state = session(),
        [made] = applyRules("test", [rule], [root], state);
      assert(
        state.fired.size > 0,
        `${rule.name} does not fire at its sample ${i}`,
      );
      compare(rule.name, rule.licence, root, made!);
    }
  });
}

Deno.test("names of rules are unique, and each is in the table once", () => {
  const names = RULES.map(({ rule }) => rule.name);
  assertEquals(new Set(names).size, names.length);
});
