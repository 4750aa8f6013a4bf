/** Storage in C memory: copies, borrowed views, and who may touch it. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import { CStorage, storageOf } from "../../src/run/storage.ts";
import { cvm, f32, share } from "./assembly.ts";

Deno.test("storageOf moves a value to C memory once", () => {
  const s = share([[1, 2], [3, 4]]), storage = storageOf(s, cvm());
  assertStrictEquals(storageOf(s, cvm()), storage);
  assertStrictEquals(s.storage, storage);
  assertEquals(s.getValue().toArray(), [[1, 2], [3, 4]]);
  assertEquals([storage.dtype, storage.ndim, storage.shape, storage.strides], [
    "float32",
    2,
    [2, 2],
    [2, 1],
  ]);
  storage.free();
});

Deno.test("values of any layout and every rank are stored row-major", () => {
  const base = f32([1, 2, 3, 4, 5, 6]).data;
  const turned = new NDArray("float32", [3, 2], base, [1, 3]),
    upside = new NDArray("float32", [2, 3], base, [-3, 1], 3);
  for (
    const value of [
      f32(7),
      turned,
      upside,
      f32([]),
      array([1, 2], { dtype: "int64" }),
      array([true, false], { dtype: "bool" }),
    ]
  ) {
    const storage = new CStorage(cvm(), value);
    assertEquals(storage.read(false).toArray(), value.toArray());
    assertEquals(storage.read(true).toArray(), value.toArray());
    storage.free();
  }
});

Deno.test("read copies; borrow looks, and ends at the next write", () => {
  const storage = new CStorage(cvm(), f32([1, 2, 3]));
  const copy = storage.read(false), view = storage.read(true);
  assertStrictEquals(storage.read(true), view);
  view.data[0] = 10;
  assertEquals(storage.read(false).toArray(), [10, 2, 3]);
  assertEquals(copy.toArray(), [1, 2, 3]);
  storage.write(f32([4, 5]));
  assertThrows(
    () => view.data,
    RangeError,
    "Cannot read a borrowed value: its shared variable was written since; call getValue() for a copy",
  );
  assertThrows(() => view.toArray(), RangeError, "getValue()");
  assertEquals(storage.read(true).toArray(), [4, 5]);
  assertEquals(copy.toArray(), [1, 2, 3]);
  storage.free();
});

Deno.test("a write keeps dtype and rank; lengths may change", () => {
  const storage = new CStorage(cvm(), f32([1, 2, 3]));
  storage.write([
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
  ]);
  assertEquals(storage.shape, [18]);
  assertThrows(() => storage.write([[1]]), TypeError, "expected 1 axes");
  assertThrows(
    () => storage.write(new Float64Array(2)),
    TypeError,
    "expected float32",
  );
  assertEquals(storage.shape, [18]);
  storage.free();
});

Deno.test("a freed storage and its views refuse to be used", () => {
  const storage = new CStorage(cvm(), f32([1])), view = storage.read(true);
  storage.free();
  storage.free();
  assertThrows(() => view.data, RangeError);
  for (
    const use of [
      () => storage.read(false),
      () => storage.write([1]),
      () => storage.shape,
      () => storage.address,
    ]
  ) {
    assertThrows(use, RangeError, "its storage was freed");
  }
});

Deno.test("a storage that a call in flight owns refuses to be used", () => {
  const storage = new CStorage(cvm(), f32([1]));
  storage.owners++;
  for (
    const use of [
      () => storage.read(true),
      () => storage.write([1]),
      () => storage.free(),
    ]
  ) {
    assertThrows(use, RangeError, "a function in flight owns it");
  }
  storage.owners--;
  storage.free();
});
