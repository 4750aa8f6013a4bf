/** Every op's C against its reference value: samples of every dtype, in row-major and in scattered memory, with lengths known and unknown. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import { isFloat } from "../../src/graph/dtype.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { siteOf } from "../../src/graph/variable.ts";
import { listOf } from "../../src/run/compiled.ts";
import { compileAll, VmEngine } from "../../src/run/engine.ts";
import { DebugMode, Mode } from "../../src/run/mode.ts";
import { EPSILON } from "../../src/run/rounding.ts";
import { runtime } from "../../src/run/runtime.ts";
import {
  applySample,
  exportedOps,
  type Sample,
  samplesOf,
  scattered,
} from "../ops/conformance.ts";

/** Units in the last place that C and reference may differ by: functions have 4 at most, sums of few elements are ordered otherwise. */
const ULP = 16;

/** The same where LAPACK computes: every step of an elimination rounds, and the samples' condition is up to 10. */
const LAPACK_ULP = 160;

interface Case {
  readonly name: string;
  readonly sample: Sample;
  readonly engine: VmEngine;
  readonly inputs: readonly NDArray[];
  readonly expected: readonly (NDArray | number)[];
}

function cases(sample: Sample, mode: Mode): Case[] {
  const made: Case[] = [];
  for (const known of [true, false]) {
    for (const lay of [(x: NDArray) => x, scattered]) {
      const node = applySample(sample, known);
      const inputs = sample.inputs.map((x) => x.ndim > 0 ? lay(x) : x);
      const graph = {
        inputs: node.inputs,
        outputs: node.outputs,
        updates: [],
      };
      made.push({
        name: `${sample.op.name} of ${
          sample.inputs.map((x) => `${x.dtype} (${x.shape})`).join(", ")
        }${known ? "" : ", lengths unknown"}${
          lay === scattered ? ", scattered" : ""
        }, ${
          sample.op.name === "fused" ? "" : JSON.stringify(sample.params) ?? ""
        }`,
        engine: new VmEngine(graph, mode, runtime()!),
        sample,
        inputs,
        expected: settled(
          sample,
          sample.op.eval(sample.inputs, sample.params),
        ),
      });
    }
  }
  return made;
}

/** Results without what is a choice among right ones. */
function settled(
  { op, params, inputs }: Sample,
  outputs: readonly (NDArray | number)[],
): readonly (NDArray | number)[] {
  return op.invariants?.(inputs, outputs as NDArray[], params) ?? outputs;
}

function unitsOf(sample: Sample): number {
  const text = sample.op.c?.(siteOf(applySample(sample)));
  return text?.headers?.includes("lapack.h") ? LAPACK_ULP : ULP;
}

/** What is wrong with a result, or null. */
function difference(
  found: NDArray | number,
  wanted: NDArray | number,
  units: number,
): string | null {
  const want = wanted as NDArray;
  const shape = typeof found === "number" ? [] : found.shape;
  if (`${shape}` !== `${want.shape}`) {
    return `shape (${shape}) instead of (${want.shape})`;
  }
  if (typeof found !== "number" && found.dtype !== want.dtype) {
    return `${found.dtype} instead of ${want.dtype}`;
  }
  const a = typeof found === "number" ? [found] : found.flat(), b = want.flat();
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    const x = Math.abs(Number(b[i]));
    if (Number.isFinite(x)) largest = Math.max(largest, x);
  }
  for (let i = 0; i < b.length; i++) {
    const x = Number(a[i]), y = Number(b[i]);
    if (Object.is(x, y) || x === y) continue;
    const room = isFloat(want.dtype)
      ? units * EPSILON[want.dtype]! * Math.max(Math.abs(y), largest / 4)
      : 0;
    if (!(Math.abs(x - y) <= room)) return `element ${i} is ${x}, not ${y}`;
  }
  return null;
}

const MODES: readonly (readonly [string, Mode])[] = [
  ["cvm", new Mode({ linker: "cvm" })],
  ["cvm_nogc", new Mode({ linker: "cvm_nogc" })],
  ["c", new Mode({ linker: "c" })],
  ["DebugMode", new DebugMode()],
];

for (const [called, mode] of MODES) {
  Deno.test(`${called}: C of every op gives its reference value`, () => {
    const all = exportedOps().flatMap(samplesOf).flatMap((s) => cases(s, mode));
    assert(all.length > 200, `only ${all.length} cases`);
    compileAll(all.map((c) => [c.engine, [c.inputs]]), runtime()!);
    const wrong: string[] = [];
    for (const { name, sample, engine, inputs, expected } of all) {
      try {
        settled(sample, listOf(engine.call(inputs, 1))).forEach((found, i) => {
          const problem = difference(found, expected[i]!, unitsOf(sample));
          if (problem) wrong.push(`${name}: ${problem}`);
        });
      } catch (error) {
        wrong.push(`${name}: ${(error as Error).message.split("\n")[0]}`);
      }
      engine.free();
    }
    assertEquals(wrong, []);
  });
}
