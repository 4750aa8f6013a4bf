/** The linear program: what lowering makes of a graph for one signature, and the CVM runs. Immutable. */
import type { Dtype } from "../graph/dtype.ts";
import type { Assumption } from "./signature.ts";
import type { NDArray } from "../graph/ndarray.ts";
import type { Apply, SharedVariable, Variable } from "../graph/variable.ts";

/** The instructions, in the order of csrc/cvm_opcodes.h, which says what each does. */
export const OPCODES = [
  "HALT",
  "CALL",
  "CALL_PARALLEL",
  "HOST",
  "BIND",
  "FREE",
  "SWAP",
  "CLEAR",
  "JUMP",
  "JUMP_UNLESS",
  "GOSUB",
  "RET",
  "ENTER",
  "STEP",
] as const;

/** The name of an instruction. */
export type Opcode = typeof OPCODES[number];

/** An instruction and its two operands (0 where unused). */
export type Instruction = readonly [op: Opcode, a: number, b: number];

/** A value's place. Lengths and strides (in elements) are numbers, or null where only the run will tell. */
export interface Slot {
  /**
   * input: lent or copied in before a call. shared: the storage of a shared
   * variable. constant: part of the program. temporary: owns a buffer while
   * it lives. look: owns nothing (a view, an ifelse output, an in-place
   * result, a cursor into rows of a loop).
   */
  readonly kind: "input" | "shared" | "constant" | "temporary" | "look";
  readonly dtype: Dtype;
  readonly shape: readonly (number | null)[];
  readonly strides: readonly (number | null)[];
  /** The value of a constant. */
  readonly value?: NDArray;
  /** Which buffer of the arena it uses; -1 for one of its own. */
  readonly arena: number;
  /** What it holds, for messages. */
  readonly variable: Variable | null;
}

/**
 * Kernels that libcvm has itself; each takes `extents`, whose meaning is
 * written at its C function in csrc/builtin.c.
 */
export const BUILTINS = [
  "view", //      out looks into the first input: offsets, lengths and strides, starts from integer scalars
  "copy", //      out := in, any strides, same dtype
  "length", //    out := length of an axis of in, int64
  "extents", //   out := an int64 table worked out from headers
  "reserve", //   gives out the lengths that integer scalars say, and a buffer
  "guard", //     refuses with DAMO_GUARD unless an integer scalar has the value this program was made for
  "same", //      refuses with DAMO_SHAPE unless two lengths are equal
  "count", //     steps of a loop: nSteps or the shortest sequence
  "stack", //     rows of a loop's output, the first copied from its initial value
  "prefix", //    the rows of a stack that were computed
  "last", //      the last row of a ring
] as const;

export type Builtin = typeof BUILTINS[number];

/** One call of a kernel, bound to its slots. */
export interface Thunk {
  readonly run:
    | { readonly kind: "compiled"; readonly kernel: Kernel }
    | { readonly kind: "builtin"; readonly name: Builtin }
    | {
      readonly kind: "host";
      readonly node: Apply;
      /** Lowering found that its operands do not fit: whoever reaches it is refused. */
      readonly refusal?: Error;
    };
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The slot of its extents, or -1. */
  readonly extents: number;
  /** The end of the range it may be split over; -1: the first of its extents. */
  readonly range: number;
  /** Output 0 is written in the memory of this input; -1: each output has its own. */
  readonly inplace: number;
  readonly mayFail: boolean;
  /** The application it is part of, for messages and profiles. */
  readonly node: Apply | null;
}

/** A C function: equal text is the same kernel. Its symbol in the text is `KERNEL`. */
export interface Kernel {
  /** For profiles and the comment above it: `tanh_add`. */
  readonly name: string;
  /** The whole translation unit but for the includes of csrc headers. */
  readonly text: string;
  /** Headers of csrc that it includes. */
  readonly headers: readonly string[];
}

/** A row of a sequence, stack or ring that a body slot stands for. */
export interface Cursor {
  readonly slot: number;
  readonly base: number;
  /** The row at step 0; counted from the end when stride is -1. */
  readonly start: number;
  readonly stride: 1 | -1;
  /** Rows of a ring; 0 for a plain stack. */
  readonly ring: number;
  readonly write: boolean;
}

/** A backward jump. */
export interface Loop {
  /** Slots: how many steps at most; steps done; stop after this step (a 0-d bool, or -1). */
  readonly count: number;
  readonly steps: number;
  readonly stop: number;
  readonly cursors: readonly Cursor[];
  /** Slots whose values end with each step. */
  readonly body: readonly number[];
  readonly node: Apply;
}

/** What the VM runs. */
export interface Program {
  readonly code: readonly Instruction[];
  readonly thunks: readonly Thunk[];
  readonly loops: readonly Loop[];
  readonly slots: readonly Slot[];
  /** Flags of blocks. */
  readonly flags: number;
  /** Slots of the graph's inputs, in order; -1 for an input that nothing needs. */
  readonly inputs: readonly number[];
  readonly shared: readonly (readonly [SharedVariable, slot: number])[];
  /** Slots of the graph's outputs, in order. */
  readonly outputs: readonly number[];
  /** Bytes of each buffer of the arena: kept from call to call, and shared by slots that are never in use together. */
  readonly arena: readonly number[];
  /** False: all temporaries are kept for the next call. */
  readonly gc: boolean;
  /** The first pc that writes shared storage: nothing at or after it may fail. */
  readonly commit: number;
  /** An update may change the lengths or strides of its storage: the signature is compared again after every call. */
  readonly resizes: boolean;
  /** What guards take for granted: a guard thunk is part of `node`, and tells by `which` of its extents. */
  readonly guards: readonly Assumption[];
  /** Every decision a user may regret, one line each. */
  readonly notes: readonly string[];
}
