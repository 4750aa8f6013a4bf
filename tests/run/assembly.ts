/** Programs written by hand, and a libcvm to run them. */
import { Cvm } from "../../ffi/cvm.ts";
import { CVM_OPTIONS, CVM_SOURCES } from "../../ffi/csrc.ts";
import { buildLibrary, compileKernels } from "../../src/build/cache.ts";
import type { Dtype } from "../../src/graph/dtype.ts";
import {
  array,
  type NDArray,
  type Nested,
  rowMajor,
} from "../../src/graph/ndarray.ts";
import { HostStorage } from "../../src/graph/storage.ts";
import { dense } from "../../src/graph/type.ts";
import {
  Apply,
  type Op,
  SharedVariable,
  Variable,
} from "../../src/graph/variable.ts";
import type {
  Builtin,
  Cursor,
  Instruction,
  Kernel,
  Loop,
  Opcode,
  Program,
  Slot,
  Thunk,
} from "../../src/lower/program.ts";
import { storageOf } from "../../src/run/storage.ts";
import { Vm, type VmOptions } from "../../src/run/vm.ts";

let opened: Cvm | null = null;

/** libcvm, built once a process. */
export function cvm(): Cvm {
  return opened ??= new Cvm(buildLibrary("cvm", CVM_SOURCES, CVM_OPTIONS));
}

/** A kernel whose body sees x[0], x[1] … as typed pointers, and n, the first of its extents. */
export function kernel(
  name: string,
  types: readonly string[],
  body: string,
): Kernel {
  const pointers = types.map((t, i) =>
    `  ${t} *const x${i} = args[${i}]->data;\n`
  ).join("");
  const unused = types.map((_, i) => `(void)x${i}; `).join("");
  const text =
    `int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
${pointers}  ${unused}(void)ctx, (void)lo, (void)hi;
${body}
  return 0;
}
`;
  return { name, text, headers: ["kernel.h"] };
}

const F = ["float", "float", "float"];

/** x2[i] = x0[i] + x1[i] */
export const ADD = kernel(
  "add",
  F,
  "  for (int64_t i = lo; i < hi; i++) x2[i] = x0[i] + x1[i];",
);
/** x1[i] = 2 x0[i] + 1 */
export const TWICE = kernel(
  "twice",
  F.slice(1),
  "  for (int64_t i = lo; i < hi; i++) x1[i] = 2 * x0[i] + 1;",
);
/** Refuses a value above 100, else copies. */
export const CHECKED = kernel(
  "checked",
  F.slice(1),
  `  for (int64_t i = lo; i < hi; i++) {
    if (x0[i] > 100) return ctx->error = (KernelError){DAMO_VALUE, 0, (int64_t)x0[i], 100}, DAMO_VALUE;
    x1[i] = x0[i];
  }`,
);

type Shape = readonly (number | null)[];

interface CallOptions {
  readonly inplace?: number;
  readonly extents?: number;
  readonly range?: number;
  readonly parallel?: boolean;
  /** What it computes. */
  readonly node?: Apply;
}

/** Collects slots, thunks and code. Methods that make a slot return its number. */
export class Assembly {
  readonly slots: Slot[] = [];
  readonly thunks: Thunk[] = [];
  readonly loops: Loop[] = [];
  readonly code: Instruction[] = [];
  readonly inputs: number[] = [];
  readonly shared: [SharedVariable, number][] = [];
  readonly arena: number[] = [];
  flags = 0;
  gc = true;
  commit: number | null = null;

  #slot(
    kind: Slot["kind"],
    dtype: Dtype,
    shape: Shape,
    rest: Partial<Slot> = {},
  ): number {
    const strides = shape.includes(null)
      ? shape.map(() => null)
      : rowMajor(shape as number[]);
    return this.slots.push({
      kind,
      dtype,
      shape,
      strides,
      arena: -1,
      variable: null,
      ...rest,
    }) - 1;
  }
  input(dtype: Dtype, shape: Shape, strides?: readonly number[]): number {
    const slot = this.#slot("input", dtype, shape, strides && { strides });
    this.inputs.push(slot);
    return slot;
  }
  temporary(dtype: Dtype, shape: Shape, arena = -1): number {
    return this.#slot("temporary", dtype, shape, { arena });
  }
  look(dtype: Dtype, shape: Shape): number {
    return this.#slot("look", dtype, shape);
  }
  constant(value: Nested, dtype: Dtype): number {
    const made = array(value, { dtype });
    return this.#slot("constant", dtype, made.shape, { value: made });
  }
  share(variable: SharedVariable): number {
    const slot = this.#slot("shared", variable.dtype, variable.storage.shape);
    this.shared.push([variable, slot]);
    return slot;
  }
  /** An instruction; returns its pc. */
  emit(op: Opcode, a = 0, b = 0): number {
    return this.code.push([op, a, b]) - 1;
  }
  /** Lets the instruction at `pc` jump to the next one. */
  land(pc: number): void {
    this.code[pc] = [this.code[pc]![0], this.code[pc]![1], this.code.length];
  }
  /** A kernel over the elements of its last output. */
  call(
    kernel: Kernel,
    inputs: number[],
    outputs: number[],
    options: CallOptions = {},
  ): number {
    const { inplace = -1, extents = -1, parallel = false, node = null } =
      options;
    const shape = this.slots[outputs[0]!]!.shape as number[];
    const range = options.range ??
      (extents < 0 ? shape.reduce((n, m) => n * m, 1) : -1);
    const thunk = this.thunks.push({
      run: { kind: "compiled", kernel },
      inputs,
      outputs,
      extents,
      range,
      inplace,
      mayFail: false,
      node,
    }) - 1;
    return this.emit(parallel ? "CALL_PARALLEL" : "CALL", thunk);
  }
  builtin(
    name: Builtin,
    inputs: number[],
    outputs: number[],
    table: readonly number[],
  ): number {
    const extents = this.constant([...table], "int64");
    const thunk = this.thunks.push({
      run: { kind: "builtin", name },
      inputs,
      outputs,
      extents,
      range: -1,
      inplace: -1,
      mayFail: true,
      node: null,
    }) - 1;
    return this.emit("CALL", thunk);
  }
  host(
    evaluate: (inputs: readonly NDArray[]) => NDArray,
    inputs: number[],
    output: number,
  ): number {
    const { dtype, shape } = this.slots[output]!;
    const op: Op = {
      name: "host",
      arity: -1,
      outputs: 1,
      infer: () => [{ dtype, shape }],
      eval: (values) => [evaluate(values)],
    };
    const node = new Apply(
      op,
      inputs.map((s) =>
        new Variable(dense(this.slots[s]!.dtype, this.slots[s]!.shape))
      ),
      {},
    );
    const thunk = this.thunks.push({
      run: { kind: "host", node },
      inputs,
      outputs: [output],
      extents: -1,
      range: -1,
      inplace: -1,
      mayFail: true,
      node,
    }) - 1;
    return this.emit("HOST", thunk);
  }
  /** A loop around what `body` emits. `stop` is a slot, or -1. */
  loop(
    { count, steps, stop = -1, cursors }: {
      count: number;
      steps: number;
      stop?: number;
      cursors: Partial<Cursor>[];
    },
    body: () => void,
  ): void {
    const full = cursors.map((
      c,
    ) => ({
      slot: 0,
      base: 0,
      start: 0,
      stride: 1,
      ring: 0,
      write: false,
      ...c,
    } as Cursor));
    const loop = this.loops.push({
      count,
      steps,
      stop,
      cursors: full,
      body: [],
      node: null as unknown as Apply,
    }) - 1;
    const enter = this.emit("ENTER", loop);
    body();
    this.emit("STEP", loop, enter + 1);
    this.land(enter);
  }
  program(outputs: readonly number[]): Program {
    return {
      ...this,
      commit: this.commit ?? this.code.length,
      outputs,
      resizes: false,
      guards: [],
      notes: [],
    };
  }
  /** Ends the main code and makes a VM. */
  vm(outputs: readonly number[], options: Partial<VmOptions> = {}): Vm {
    if (!this.code.some(([op]) => op === "HALT")) this.emit("HALT");
    return assemble(this.program(outputs), options);
  }
}

/** A VM for a program. */
export function assemble(
  program: Program,
  options: Partial<VmOptions> = {},
): Vm {
  const kernels = program.thunks.flatMap(({ run }) =>
    run.kind === "compiled" ? [run.kernel] : []
  );
  const located = compileKernels(kernels);
  const addresses = new Map(
    kernels.map((
      k,
      i,
    ) => [k, cvm().load(located[i]!.path, located[i]!.symbol)]),
  );
  const storages = program.shared.map(([variable]) =>
    storageOf(variable, cvm())
  );
  return new Vm(program, {
    cvm: cvm(),
    kernel: (k) => addresses.get(k)!,
    storages,
    ...options,
  });
}

/** A shared variable with this value. */
export function share(value: Nested, dtype: Dtype = "float32"): SharedVariable {
  const made = array(value, { dtype });
  return new SharedVariable(
    dense(dtype, made.shape.map(() => null)),
    new HostStorage(made),
  );
}

/** float32 values. */
export function f32(value: Nested): NDArray {
  return array(value, { dtype: "float32" });
}

/** S ← S + x by a second buffer and SWAP; the output looks at the old S. */
export function accumulate(s: SharedVariable): Assembly & { old: number } {
  const a = new Assembly();
  const x = a.input("float32", [2]),
    S = a.share(s),
    next = a.temporary("float32", [2]),
    old = a.look("float32", [2]);
  a.call(ADD, [S, x], [next]);
  a.emit("BIND", old, S);
  a.commit = a.emit("SWAP", S, next);
  return Object.assign(a, { old });
}
