/** Arrays in files: NumPy opens what we write, and we read what it writes. */
import { assertEquals, assertThrows } from "@std/assert";
import { allocate, DTYPE_NAMES } from "../../src/graph/dtype.ts";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import {
  decodeIdx,
  decodeNpy,
  encodeNpy,
  loadIdx,
  loadNpy,
  loadNpz,
  saveNpy,
  saveNpz,
} from "../../src/tools/files.ts";

Deno.test("every dtype and rank survives", () => {
  for (const dtype of DTYPE_NAMES) {
    for (const shape of [[], [0], [3], [2, 3], [2, 0, 4], [1, 2, 3]]) {
      const size = shape.reduce((a, b) => a * b, 1);
      const data = allocate(dtype, size);
      for (let i = 0; i < size; i++) {
        data[i] = typeof data[0] === "bigint"
          ? BigInt(i)
          : dtype === "bool"
          ? i & 1
          : i;
      }
      const x = new NDArray(dtype, shape, data);
      assertEquals(decodeNpy(encodeNpy(x)), x);
    }
  }
});

Deno.test("the header is 64-byte aligned and ends with a newline", () => {
  const bytes = encodeNpy(array([1, 2, 3]));
  assertEquals(bytes.length % 64, 12);
  assertEquals(bytes[bytes.length - 13], 10);
  const header = new TextDecoder().decode(
    bytes.subarray(10, bytes.length - 12),
  );
  assertEquals(
    header.trimEnd(),
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
  );
});

Deno.test("a strided view is written row-major", () => {
  const x = array([[1, 2, 3], [4, 5, 6]]);
  const t = new NDArray("float32", [3, 2], x.data, [1, 3]);
  assertEquals(decodeNpy(encodeNpy(t)).toArray(), [[1, 4], [2, 5], [3, 6]]);
});

Deno.test("what is no array, or half of one, is refused", () => {
  const bytes = encodeNpy(array([1, 2, 3]));
  assertThrows(() => decodeNpy(new Uint8Array(3)), TypeError, "no .npy file");
  assertThrows(
    () => decodeNpy(bytes.subarray(0, bytes.length - 1)),
    RangeError,
    "take 12 bytes, got 11",
  );
  const complex = encodeNpy(array([1]));
  complex.set(
    new TextEncoder().encode("c"),
    bytes.indexOf("f".charCodeAt(0), 20),
  );
  assertThrows(() => decodeNpy(complex), TypeError, "dtype <c4");
  assertThrows(() => decodeIdx(new Uint8Array(9)), TypeError, "no IDX file");
});

/** MNIST's format: two images of 2 x 3 pixels. */
const IDX = Uint8Array.of(
  0,
  0,
  8,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  3,
  0,
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
  255,
);

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("IDX files are read, plain and gzipped", async () => {
  const expected = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 255]]];
  assertEquals(decodeIdx(IDX).toArray(), expected);
  const path = Deno.makeTempFileSync({ suffix: ".gz" });
  Deno.writeFileSync(path, await gzip(IDX));
  assertEquals(loadIdx(path).toArray(), expected);
  assertEquals(loadIdx(path.slice(0, -3)).toArray(), expected);
  assertThrows(() => loadIdx(`${path}x`), Deno.errors.NotFound);
  Deno.writeFileSync(path, IDX.subarray(0, 20));
  assertThrows(() => loadIdx(path), RangeError, `got 4 (in ${path})`);
  const shorts = decodeIdx(
    Uint8Array.of(0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 255, 255),
  );
  assertEquals([shorts.dtype, shorts.toArray()], ["int16", [258, -1]]);
  Deno.removeSync(path);
});

Deno.test("named arrays survive; a damaged archive is refused", () => {
  const path = Deno.makeTempFileSync({ suffix: ".npz" });
  const arrays = {
    W: array([[1, 2], [3, 4]]),
    "layer/é": array(new BigInt64Array([2n ** 60n])),
  };
  saveNpz(path, arrays);
  assertEquals(loadNpz(path), arrays);
  const bytes = Deno.readFileSync(path);
  Deno.writeFileSync(path, bytes.with(160, bytes[160]! ^ 1));
  assertThrows(() => loadNpz(path), RangeError, "W.npy is damaged");
  Deno.writeFileSync(path, bytes.subarray(0, 200));
  assertThrows(() => loadNpz(path), TypeError, "it has no directory");
  Deno.removeSync(path);
});

Deno.test("whoever reads a file while it is replaced has the old one whole", () => {
  const directory = Deno.makeTempDirSync(), path = `${directory}/a.npz`;
  saveNpz(path, { W: array([1, 2, 3]) });
  const before = Deno.readFileSync(path), reader = Deno.openSync(path);
  saveNpz(new URL(`file://${path}`), { W: array([4]) });
  const seen = new Uint8Array(before.length);
  assertEquals(reader.readSync(seen), before.length);
  assertEquals(seen, before);
  reader.close();
  assertEquals(loadNpz(path).W!.toArray(), [4]);
  assertThrows(() => saveNpz(directory, { W: array([5]) }));
  assertThrows(
    () => saveNpz(path, { W: [5] as never }),
    TypeError,
    "expected an NDArray",
  );
  assertEquals([...Deno.readDirSync(directory)].map((e) => e.name), ["a.npz"]);
  assertEquals(
    [...Deno.readDirSync(`${directory}/..`)].filter((e) =>
      e.name.endsWith(".part")
    ),
    [],
  );
  Deno.removeSync(directory, { recursive: true });
});

function python(code: string, cwd: string): string | null {
  try {
    const { success, stdout } = new Deno.Command("python3", {
      args: ["-c", code],
      cwd,
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

Deno.test("NumPy opens our files, and we open NumPy's", () => {
  const directory = Deno.makeTempDirSync();
  if (python("import numpy", directory) === null) {
    console.log("skipped: there is no python3 with numpy");
    return;
  }
  saveNpy(`${directory}/x.npy`, array([[1.5, 2], [3, 4]]));
  saveNpz(`${directory}/z.npz`, {
    a: array([1, 2], { dtype: "int64" }),
    b: array(7, { dtype: "bool" }),
  });
  const said = python(
    `
import numpy as np
x = np.load("x.npy"); z = np.load("z.npz")
print(x.dtype, x.tolist(), sorted(z), z["a"].dtype, z["a"].tolist(), z["b"].dtype, z["b"].shape)
a = np.arange(6, dtype=np.int16).reshape(2, 3)
np.save("fortran.npy", np.asfortranarray(a))
np.save("big.npy", a.astype(">i4"))
np.savez("plain.npz", a=a, b=np.float64(2.5))
np.savez_compressed("packed.npz", zeros=np.zeros((50, 50), np.float16), a=a)
np.save("complex.npy", np.zeros(2, np.complex64))
`,
    directory,
  );
  assertEquals(
    said,
    "float32 [[1.5, 2.0], [3.0, 4.0]] ['a', 'b'] int64 [1, 2] bool ()",
  );
  const a = [[0, 1, 2], [3, 4, 5]];
  const fortran = loadNpy(`${directory}/fortran.npy`);
  assertEquals([fortran.strides, fortran.toArray()], [[1, 2], a]);
  assertEquals(loadNpy(`${directory}/big.npy`).toArray(), a);
  assertEquals(loadNpz(`${directory}/plain.npz`).b!.item(), 2.5);
  const packed = loadNpz(`${directory}/packed.npz`);
  assertEquals(
    [packed.zeros!.dtype, packed.zeros!.shape, packed.a!.toArray()],
    ["float16", [50, 50], a],
  );
  assertThrows(
    () => loadNpy(`${directory}/complex.npy`),
    TypeError,
    "dtype <c8",
  );
  Deno.removeSync(directory, { recursive: true });
});
