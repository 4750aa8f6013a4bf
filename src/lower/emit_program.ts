/** The linker `c`: a whole program printed as one C function over csrc/steps.h, its kernels beside it. */
import { argumentsOf, isStatic, ownedBy, rangeOf } from "./operands.ts";
import {
  BUILTINS,
  type Instruction,
  type Kernel,
  type Program,
  type Thunk,
} from "./program.ts";

/**
 * The program as one function, `int KERNEL(Vm *vm)`: kernels are static
 * functions before it, jumps are gotos, and a block is left by a switch over
 * the places that it is called from. It runs as many calls as were asked for,
 * and does, tests and refuses what the interpreter does, in the same order.
 *
 * RangeError, naming the op and the user's line: an op that only TypeScript
 * can evaluate.
 */
export function emitProgram(program: Program, name: string): Kernel {
  refuseHost(program);
  const kernels = new Map<Kernel, string>();
  for (const { run } of program.thunks) {
    if (run.kind === "compiled" && !kernels.has(run.kernel)) {
      kernels.set(
        run.kernel,
        `KERNEL_${asName(run.kernel.name)}${kernels.size}`,
      );
    }
  }
  const statements = new Printer(program, kernels).lines();
  const text = [
    ...[...kernels].map(([kernel, symbol]) => asStatic(kernel, symbol)),
    "int KERNEL(Vm *vm) {",
    ...declarations(statements.join("\n")),
    "call:;",
    ...statements,
    "stop:",
    "  return stop(vm, status, at);",
    "}",
  ];
  const headers = [...kernels.keys()].flatMap((k) => k.headers);
  return {
    name: asName(name),
    text: `${text.join("\n")}\n`,
    headers: ["steps.h", ...new Set(headers)],
  };
}

function refuseHost({ thunks }: Program): void {
  for (const { run } of thunks) {
    if (run.kind !== "host" || run.refusal) continue;
    const { op, origin } = run.node;
    throw new RangeError(
      `Cannot compile for linker c: ${op.name} has no C, made at ${origin.line}; compile for linker cvm, which evaluates it in TypeScript`,
    );
  }
}

/** A kernel, or a program, as a function that only the file around it sees. */
export function asStatic({ text }: Kernel, symbol: string): string {
  return text.replace(/^int KERNEL\(/m, "static int KERNEL(")
    .replaceAll("KERNEL", symbol);
}

function asName(name: string): string {
  return name.replace(/\W/g, "_");
}

/** What the statements use. */
function declarations(statements: string): string[] {
  const uses = (name: RegExp) => name.test(statements);
  return [
    ...uses(/\bctx\b/) ? ["  Context *const ctx = &vm->context;"] : [],
    ...uses(/\bs\[/) ? ["  Array **const s = vm->slot;"] : [],
    ...uses(/\bflag\b/) ? ["  int32_t *const flag = vm->flags;"] : [],
    ...uses(/\bloop\b/)
      ? [
        "  Loop *const loop = vm->loops;",
        "  int64_t *const steps = vm->state->steps;",
      ]
      : [],
    "  int status, more, at;",
  ];
}

/** Prints instructions; `at` always names the one that may stop. */
class Printer {
  readonly #program: Program;
  readonly #kernels: ReadonlyMap<Kernel, string>;
  /** Instructions that are jumped to. */
  readonly #targets: ReadonlySet<number>;
  /** By flag: the instructions behind the places where its block is called. */
  readonly #returns = new Map<number, number[]>();

  constructor(program: Program, kernels: ReadonlyMap<Kernel, string>) {
    this.#program = program;
    this.#kernels = kernels;
    const targets = new Set<number>();
    program.code.forEach(([op, a, b], pc) => {
      if (!JUMPS.has(op)) return;
      targets.add(b);
      if (op !== "GOSUB") return;
      targets.add(pc + 1);
      this.#returns.set(a, [...this.#returns.get(a) ?? [], pc + 1]);
    });
    this.#targets = targets;
  }

  lines(): string[] {
    return this.#program.code.flatMap((instruction, pc) => [
      ...this.#targets.has(pc) ? [`at_${pc}:;`] : [],
      ...this.#instruction(instruction, pc).map((line) => `  ${line}`),
    ]);
  }

  #instruction([op, a, b]: Instruction, pc: number): string[] {
    switch (op) {
      case "HALT":
        return [
          "at = 0;",
          "if ((status = halt(vm, &more)) > 0) goto stop;",
          "if (more) goto call;",
          "return status;",
        ];
      case "CALL":
      case "CALL_PARALLEL":
        return [
          `at = ${pc};`,
          ...this.#call(this.#program.thunks[a]!, op === "CALL_PARALLEL"),
        ];
      case "BIND":
        return [`bind(s[${a}], s[${b}]);`];
      case "FREE":
        return [`release(vm, s[${a}]);`];
      case "SWAP":
        return [`swap(vm, s[${a}], s[${b}]);`];
      case "CLEAR":
        return [`memset(flag + ${a}, 0, ${b} * sizeof *flag);`];
      case "JUMP":
        return [`goto at_${b};`];
      case "JUMP_UNLESS":
        return [`if (!*(const uint8_t *)s[${a}]->data) goto at_${b};`];
      case "GOSUB":
        return [
          `if (!flag[${a}]) { flag[${a}] = ${pc + 1}; goto at_${b}; }`,
        ];
      case "RET":
        return this.#return(a);
      case "ENTER":
        return [
          `at = ${pc};`,
          ...orStop(`enter(vm, &loop[${a}], &steps[${a}], &more)`),
          `if (!more) goto at_${b};`,
        ];
      case "STEP":
        return [
          `at = ${pc};`,
          ...pc < this.#program.commit
            ? ["if (interrupted(vm)) { status = CVM_INTERRUPTED; goto stop; }"]
            : [],
          ...orStop(`step(vm, &loop[${a}], &steps[${a}], &more)`),
          `if (more) goto at_${b};`,
        ];
      case "HOST": // what lowering refused: all others have no C
        return [
          `at = ${pc};`,
          "ctx->error = (KernelError){0};",
          "status = DAMO_SHAPE;",
          "goto stop;",
        ];
      default:
        return op satisfies never;
    }
  }

  /** Outputs find their memory, and the kernel runs. */
  #call(thunk: Thunk, parallel: boolean): string[] {
    const { run, inputs, outputs, extents, inplace } = thunk,
      { slots } = this.#program;
    const out = `s[${outputs[0]}]`, over = `s[${inputs[inplace]}]`;
    const range = rangeOf(thunk),
      to = range < 0 ? `*(const int64_t *)s[${extents}]->data` : `${range}`;
    const args = `(Array *const[]){${
      argumentsOf(thunk).map((slot) => `s[${slot}]`).join(", ")
    }}`;
    const kernel = run.kind === "builtin"
      ? `vm->library->builtins[${BUILTINS.indexOf(run.name)} /* ${run.name} */]`
      : run.kind === "compiled"
      ? this.#kernels.get(run.kernel)!
      : "";
    return [
      ...ownedBy(thunk, slots).flatMap(([slot, bytes]) =>
        orStop(`keep(vm, s[${slot}], ${bytes})`)
      ),
      ...inplace < 0 ? [] : [`${out}->data = ${over}->data;`],
      ...inplace < 0 || isStatic(slots[outputs[0]!]!)
        ? []
        : [`take_lengths(${out}, ${over});`],
      ...orStop(
        parallel
          ? `run_split(vm, ${kernel}, ${args}, ${to})`
          : `${kernel}(ctx, ${args}, 0, ${to})`,
      ),
    ];
  }

  /** Behind a block: back to where it was called from. */
  #return(flag: number): string[] {
    const places = this.#returns.get(flag) ?? [];
    return [
      `switch (flag[${flag}]) {`,
      ...places.map((pc, i) =>
        `  ${i < places.length - 1 ? `case ${pc}` : "default"}: goto at_${pc};`
      ),
      "}",
    ];
  }
}

const JUMPS: ReadonlySet<string> = new Set([
  "JUMP",
  "JUMP_UNLESS",
  "GOSUB",
  "ENTER",
  "STEP",
]);

function orStop(call: string): string[] {
  return [`if ((status = ${call})) goto stop;`];
}
