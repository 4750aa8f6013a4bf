/** DebugMode: runs a program instruction by instruction, and holds each application against what its op says. */
import type { NDArray } from "../graph/ndarray.ts";
import { type Apply, Constant } from "../graph/variable.ts";
import type { Program, Thunk } from "../lower/program.ts";
import { evaluateNode } from "../ops/evaluate.ts";
import { describeNode } from "./errors.ts";
import { firstDifference } from "./rounding.ts";
import type { Stop } from "./state.ts";
import type { Vm } from "./vm.ts";

/** A kernel does not compute what its op says, or touches what it must not. */
export class DebugError extends Error {
  /** The class, for messages. */
  override readonly name = "DebugError";
}

/** A call of an application's kernel, of its `eval`, of a view or of a copy. */
type Claiming = Thunk & { readonly node: Apply };

/** An application that is being computed: its kernels stand one behind the other. */
interface Application {
  readonly node: Apply;
  /** Its operands, as they were before its first kernel. */
  readonly operands: readonly NDArray[];
  /** Slots that its kernels have written. */
  readonly written: Set<number>;
}

/**
 * The same as `vm.run(calls)`. DebugError, naming op, shapes and the user's
 * line: results differ from the op's `eval` by more than rounding (the first
 * such element is named with both values), a view leaves its operand, a
 * kernel writes an operand, an in-place result lies elsewhere, a kernel
 * crashed. Shared variables are then as after the last whole call.
 */
export function runDebug(vm: Vm, calls: number): Stop | null {
  let now: Application | null = null, stop = vm.step(calls, 0);
  while (stop?.kind === "stopped") {
    const { thunk } = stop.site;
    if (!claims(thunk)) {
      stop = vm.step(0, 1);
      continue;
    }
    const before = thunk.inputs.map((slot) => vm.slots.read(slot));
    if (thunk.run.kind === "compiled") now ??= begin(thunk, before);
    stop = vm.step(0, 1);
    if (stop?.kind === "crashed") {
      refuse(
        thunk.node,
        before,
        `its kernel crashed with signal ${stop.signal}`,
      );
    }
    if (stop?.kind !== "stopped") break;
    try {
      checkMemory(vm, thunk, before);
      if (thunk.run.kind === "builtin") checkBuiltin(vm, thunk, before);
      if (now === null) continue;
      for (const slot of thunk.outputs) now.written.add(slot);
      if (stop.site.thunk?.node === now.node) continue;
      checkResults(vm, now);
      now = null;
    } catch (error) {
      vm.release();
      throw error;
    }
  }
  return stop;
}

function claims(thunk: Thunk | null): thunk is Claiming {
  if (!thunk?.node) return false;
  const { run } = thunk;
  return run.kind !== "builtin" || run.name === "view" || run.name === "copy";
}

/** Null for a test of operands, and where a kernel takes only some of them. */
function begin(
  { node, inputs, outputs }: Claiming,
  before: readonly NDArray[],
): Application | null {
  return outputs.length > 0 && inputs.length === node.inputs.length
    ? { node, operands: before, written: new Set() }
    : null;
}

/** A kernel writes its results and nothing that it reads, but for the operand that it says it overwrites. */
function checkMemory(
  vm: Vm,
  { node, run, inputs, outputs, inplace }: Claiming,
  before: readonly NDArray[],
): void {
  const over = inputs[inplace],
    ours = outputs.map((slot) => vm.slots.where(slot));
  inputs.forEach((slot, i) => {
    if (slot === over) return;
    if (!sameBits(vm.slots.read(slot), before[i]!)) {
      refuse(node, before, `it changes its operand ${i}`);
    }
    if (run.kind !== "compiled") return;
    const [from, to] = vm.slots.where(slot),
      k = ours.findIndex(([a, b]) => a < to && from < b);
    if (k >= 0) {
      refuse(node, before, `its output ${k} lies over its operand ${i}`);
    }
  });
  if (over !== undefined && ours[0]![0] !== vm.slots.where(over)[0]) {
    refuse(
      node,
      before,
      `its output 0 does not lie over its operand ${inplace}`,
    );
  }
}

/** A view looks into its operand, at what the op's `eval` gives; a copy is equal. */
function checkBuiltin(
  vm: Vm,
  thunk: Claiming,
  before: readonly NDArray[],
): void {
  const { node, run, inputs, outputs } = thunk,
    out = outputs[0]!,
    found = vm.slots.read(out);
  if (run.kind === "builtin" && run.name === "copy") {
    return compare(node, before, { found: [found], expected: [before[0]!] });
  }
  const [from, to] = vm.slots.where(inputs[0]!), [a, b] = vm.slots.where(out);
  if (a < b && (a < from || to < b)) {
    refuse(node, before, "its output leaves its operand");
  }
  const operands = viewOperands(vm.program, thunk, before);
  if (operands) {
    compare(node, operands, {
      found: [found],
      expected: reference(node, operands),
    });
  }
}

/** The operands of a view, whose thunk takes only those that are not known; null if lowering knew one. */
function viewOperands(
  { slots }: Program,
  { node, inputs }: Claiming,
  before: readonly NDArray[],
): NDArray[] | null {
  const found = node.inputs.map((v, i) =>
    i === 0
      ? before[0]
      : v instanceof Constant
      ? v.data
      : before[inputs.findIndex((slot) => slots[slot]!.variable === v)]
  );
  return found.every((x) => x !== undefined) ? found : null;
}

function checkResults(vm: Vm, { node, operands, written }: Application): void {
  const slots = [...written];
  const slotOf = (i: number) =>
    slots.find((s) => vm.program.slots[s]!.variable === node.outputs[i]) ??
      slots[i]!;
  const found = node.outputs.map((_, i) => vm.slots.read(slotOf(i)));
  compare(node, operands, { found, expected: reference(node, operands) });
}

function reference(
  node: Apply,
  operands: readonly NDArray[],
): readonly NDArray[] {
  try {
    return evaluateNode(node, operands);
  } catch (error) {
    return refuse(
      node,
      operands,
      `its reference refuses what its kernel takes: ${
        (error as Error).message
      }`,
    );
  }
}

interface Results {
  readonly found: readonly NDArray[];
  readonly expected: readonly NDArray[];
}

function compare(
  node: Apply,
  operands: readonly NDArray[],
  results: Results,
): void {
  const { found, expected } = results;
  expected.forEach((want, i) => {
    const kind = (x: NDArray) => `${x.dtype} (${x.shape.join(", ")})`;
    if (kind(found[i]!) !== kind(want)) {
      refuse(
        node,
        operands,
        `output ${i} is ${kind(found[i]!)}, expected ${kind(want)}`,
      );
    }
  });
  const different = firstDifference(node, operands, results);
  if (different === null) return;
  const { output, index, found: x, expected: y } = different;
  refuse(
    node,
    operands,
    `output ${output} at (${index.join(", ")}) is ${x}, expected ${y}`,
  );
}

function refuse(
  node: Apply,
  operands: readonly NDArray[],
  what: string,
): never {
  const shapes = operands.length === node.inputs.length
    ? operands.map((x) => x.shape)
    : [];
  throw new DebugError(
    `Cannot trust ${node.op.name}: ${what}${describeNode(node, shapes)}`,
  );
}

function sameBits(x: NDArray, y: NDArray): boolean {
  const bytes = ({ data }: NDArray) =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const a = bytes(x), b = bytes(y);
  return a.length === b.length && a.every((v, i) => v === b[i]);
}
