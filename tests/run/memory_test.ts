/** Where buffers come from and go to: pools, the arena, scratch memory. */
import { assertEquals } from "@std/assert";
import { Assembly, cvm, f32, kernel, TWICE } from "./assembly.ts";

const FILL = kernel(
  "fill",
  ["float"],
  "  for (int64_t i = lo; i < hi; i++) x0[i] = 1;",
);

Deno.test("the arena: slots share buffers that the VM keeps", () => {
  const a = new Assembly();
  a.gc = false;
  a.arena.push(64, 64);
  const x = a.input("float32", [4]);
  const t = a.temporary("float32", [4], 0),
    u = a.temporary("float32", [4], 1),
    y = a.temporary("float32", [4], 0);
  a.call(TWICE, [x], [t]);
  a.call(TWICE, [t], [u]);
  a.call(TWICE, [u], [y]);
  const vm = a.vm([y]);
  vm.setInput(0, f32([0, 1, 2, 3]));
  for (let k = 0; k < 3; k++) assertEquals(vm.run(5), null);
  assertEquals(vm.output(0).toArray(), [7, 15, 23, 31]);
  assertEquals(vm.live, 0);
  vm.release();
  assertEquals(vm.run(), null);
  assertEquals(vm.output(0).toArray(), [7, 15, 23, 31]);
  assertEquals(vm.free(), 0);
});

Deno.test("a freed buffer of any size is found again", () => {
  for (const n of [1, 64, 65, 14335, 14336, 14337, 16383, 16385, 1 << 20]) {
    const a = new Assembly(), y = a.temporary("float32", [n]);
    a.call(FILL, [], [y]);
    const vm = a.vm([y]);
    const addresses = [0, 1, 2].map(() => {
      vm.run();
      const at = vm.slots.borrow(
        [y],
        ([view]) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(view!.data)),
      );
      vm.release();
      return at;
    });
    assertEquals(new Set(addresses).size, 1, `${n} elements`);
    const aligned = 4 * n >= 2 << 20 ? 2 << 20 : 64;
    assertEquals(addresses[0]! % BigInt(aligned), 0n);
    vm.free();
  }
});

Deno.test("large outputs go back to the heap when a call is finished, and the next call finds them", () => {
  const a = new Assembly(), n = 1 << 18;
  const x = a.input("float32", [n]), y = a.temporary("float32", [n]);
  a.call(TWICE, [x], [y]);
  const vm = a.vm([y]);
  const value = f32(Array(n).fill(1)), addresses = new Set<number>();
  for (let k = 0; k < 3; k++) {
    vm.setInput(0, value);
    vm.run();
    addresses.add(vm.live);
    assertEquals(vm.output(0).data[n - 1], 3);
    vm.finish();
    assertEquals(vm.live, 0);
  }
  assertEquals([...addresses], [1]);
  vm.free();
});

Deno.test("kernels get scratch memory and BLAS by their context", () => {
  const scratch = kernel(
    "scratch",
    ["float", "float"],
    "if (ctx->reserve_scratch(ctx, 8 * hi)) return DAMO_MEMORY;\n  for (int64_t i = 0; i < hi; i++) x1[i] = (float)(ctx->blas == NULL), ((double *)ctx->scratch)[i] = x0[i];",
  );
  const a = new Assembly(),
    x = a.input("float32", [300]),
    y = a.temporary("float32", [300]);
  a.call(scratch, [x], [y]);
  const vm = a.vm([y]);
  vm.setInput(0, f32(Array(300).fill(1)));
  assertEquals(vm.run(2), null);
  assertEquals(vm.output(0).data[299], cvm().blas === 0n ? 1 : 0);
  vm.free();
});
