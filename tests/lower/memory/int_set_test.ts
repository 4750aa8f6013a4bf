import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { IntSet } from "../../../src/lower/memory/int_set.ts";
import { rng } from "../random.ts";

Deno.test("IntSet agrees with Set under random changes", () => {
  const random = rng(3);
  let set = IntSet.empty, other = IntSet.empty;
  const model = new Set<number>(), otherModel = new Set<number>();
  for (let n = 0; n < 3000; n++) {
    const i = random(4) ? random(200) : random(70000);
    if (random(3)) set = set.with(i), model.add(i);
    else set = set.without(i), model.delete(i);
    if (random(2)) other = other.with(i), otherModel.add(i);
    if (n % 50) continue;
    const sorted = (x: Iterable<number>) => [...x].sort((a, b) => a - b);
    assertEquals([...set], sorted(model));
    assertEquals([...set.union(other)], sorted(model.union(otherModel)));
    assertEquals([...set.minus(other)], sorted(model.difference(otherModel)));
    assertEquals(set.meets(other), model.intersection(otherModel).size > 0);
    assertEquals(set.isIn(other), model.isSubsetOf(otherModel));
    assert(set.isIn(set.union(other)) && set.minus(other).isIn(set));
    assertEquals(set.isBroad, model.size > 1);
  }
});

Deno.test("IntSet keeps what does not change", () => {
  const a = IntSet.of([1, 5000]), b = a.with(7);
  assertStrictEquals(a.union(b), b);
  assertStrictEquals(b.union(a), b);
  assertStrictEquals(a.minus(IntSet.of([3])), a);
  assert(a.without(1).without(5000).isEmpty);
  assert(!IntSet.of([31]).has(63));
  assert(a.isIn(b) && !b.isIn(a) && IntSet.empty.isIn(a));
  assert(!IntSet.of([5000]).isBroad && !IntSet.empty.isBroad);
});
