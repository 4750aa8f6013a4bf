/** Every rule of every phase is tested by existing: both of its sides are evaluated, at special points too. */
import { assert, assertEquals } from "@std/assert";
import { allocate, isFloat } from "../../src/graph/dtype.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { leaves } from "../../src/graph/walk.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { applyRules, mayReplace, session } from "../../src/rewrite/driver.ts";
import { equationOf, instances } from "../../src/rewrite/instance.ts";
import type { Licence } from "../../src/rewrite/pattern.ts";
import { RULES } from "../../src/rewrite/phases.ts";
import { SAMPLES } from "./samples.ts";

const SPECIAL = [0, -0, 1, -1, 0.5, -0.5, 1e-20, -1e-20, 30, -30, 800, -800, 1e200, Infinity, -Infinity, NaN];

/** Draws from a fixed sequence. */
function sequence(): () => number {
  let at = 0.5;
  return () => at = (at + 0.6180339887498949) % 1;
}

/** A value for a variable: ordinary numbers, and special ones where `special` is set; small integers, which are valid indices. */
function draw(v: Variable, next: () => number, special: boolean): NDArray {
  const shape = v.type.shape.map((n, axis) => typeof n === "number" ? n : [3, 4][axis]!);
  const data = allocate(v.dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const pick = SPECIAL[Math.floor(next() * SPECIAL.length)]!;
    if (!isFloat(v.dtype)) {
      const n = Math.floor(next() * 3);
      data[i] = v.dtype === "int64" ? BigInt(n) : n;
    } else data[i] = special && next() < 0.5 ? pick : 4 * next() - 2;
  }
  return new NDArray(v.dtype, shape, data);
}

/** Whether a licence allows `right` where the rule's left side is `left`; `pure` if no operand is NaN or infinite. */
function allows(licence: Licence, left: number, right: number, pure: boolean): boolean {
  if (Object.is(left, right)) return true;
  if (licence === "exact") return false;
  if (Number.isFinite(left)) {
    const tolerance = 1e-9 * Math.max(1, Math.abs(left));
    return licence === "may change NaN/inf" && !pure || Math.abs(left - right) <= tolerance;
  }
  if (licence === "may change NaN/inf") return true;
  return Number.isFinite(right) ? pure : Number.isNaN(left) || left === right;
}

function compare(name: string, licence: Licence, left: Variable, right: Variable): void {
  assert(mayReplace(left, right), `${name} changes ${left} to ${right}`);
  const variables = leaves([left]).filter((v) => !("data" in v)), next = sequence();
  for (let round = 0; round < 40; round++) {
    const values = new Map(variables.map((v) => [v, draw(v, next, round > 4)]));
    const [a, b] = evaluate([left, right], values);
    const pure = [...values.values()].every((x) => [...x.flat()].every((e) => Number.isFinite(Number(e))));
    assertEquals(a!.shape, b!.shape);
    const x = a!.flat(), y = b!.flat();
    for (let i = 0; i < x.length; i++) {
      if (allows(licence, Number(x[i]), Number(y[i]), pure)) continue;
      const given = [...values].map(([v, value]) => `${v.name} = ${value}`).join("; ");
      throw new Error(`${name} (${licence}): element ${i} is ${x[i]}, becomes ${y[i]}, for ${given}`);
    }
  }
}

for (const { phase, rule } of RULES.filter(({ rule }) => rule.lhs !== null)) {
  Deno.test(`${phase}: ${equationOf(rule)}`, () => {
    const found = instances(rule);
    assert(found.length > 0, `${rule.name} declines its own pattern`);
    const kept = found.filter(({ root, made }) => mayReplace(root, made));
    assert(kept.length > 0, `${rule.name} changes the type of all it matches`);
    for (const { root, made } of kept) compare(rule.name, rule.licence, root, made);
  });
}

for (const { phase, rule } of RULES.filter(({ rule }) => rule.lhs === null)) {
  Deno.test(`${phase}: ${rule.equation}`, () => {
    const samples = SAMPLES[rule.name];
    assert(samples, `${rule.name} has no sample in tests/rewrite/samples.ts`);
    for (const [i, root] of samples.entries()) {
      const state = session(), [made] = applyRules("test", [rule], [root], state);
      assert(state.fired.size > 0, `${rule.name} does not fire at its sample ${i}`);
      compare(rule.name, rule.licence, root, made!);
    }
  });
}

Deno.test("names of rules are unique, and each is in the table once", () => {
  const names = RULES.map(({ rule }) => rule.name);
  assertEquals(new Set(names).size, names.length);
});
