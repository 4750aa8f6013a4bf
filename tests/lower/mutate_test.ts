import { assert } from "@std/assert";
import type { Instruction, Program } from "../../src/lower/program.ts";
import { MODES, tryGraph } from "./compare.ts";
import { Broken } from "./machine.ts";

/** The program with some instructions replaced by a jump to the next one. */
function without(
  program: Program,
  drop: (i: Instruction, pc: number) => boolean,
): Program {
  return {
    ...program,
    code: program.code.map((i, pc) => drop(i, pc) ? ["JUMP", 0, pc + 1] : i),
  };
}

function isHead(program: Program, pc: number): boolean {
  return program.code[pc - 1]?.[0] === "ENTER";
}

const RULES: readonly {
  readonly name: string;
  readonly graphs: number;
  readonly mode?: number;
  readonly size?: number;
  readonly change: (p: Program) => Program;
}[] = [
  {
    name: "flags are cleared at entry",
    graphs: 40,
    change: (p) => without(p, ([op], pc) => op === "CLEAR" && pc === 0),
  },
  {
    name: "flags are cleared at the head of a body",
    graphs: 60,
    size: 3,
    change: (p) => without(p, ([op], pc) => op === "CLEAR" && isHead(p, pc)),
  },
  {
    name: "a block runs once",
    graphs: 60,
    change: (p) => ({
      ...p,
      code: p.code.flatMap((i): Instruction[] => [i]).map((i, pc, all) =>
        i[0] === "GOSUB" &&
          all.slice(0, pc).some((j) => j[0] === "GOSUB" && j[1] === i[1])
          ? ["JUMP", 0, pc + 1]
          : i
      ),
    }),
  },
  {
    name: "every buffer is freed",
    graphs: 10,
    change: (p) => without(p, ([op]) => op === "FREE"),
  },
  {
    name: "branch heads free what the other branch uses",
    graphs: 30,
    change: (p) =>
      without(
        p,
        ([op], pc) =>
          op === "FREE" &&
          p.code.some(([j, , to]) => j === "JUMP_UNLESS" && to === pc),
      ),
  },
  {
    name: "a ring has a row more than its lag",
    graphs: 200,
    change: (p) => ({
      ...p,
      loops: p.loops.map((l) => ({
        ...l,
        cursors: l.cursors.map((c) =>
          c.ring > 1
            ? { ...c, ring: c.ring - 1, start: c.start % (c.ring - 1) }
            : c
        ),
      })),
    }),
  },
  {
    name: "a value is overwritten when nothing looks at it",
    graphs: 30,
    change: overwriteAll,
  },
  {
    name: "slots in use together have buffers of their own",
    graphs: 30,
    mode: 2,
    change: (p) => ({
      ...p,
      arena: p.arena.map(() => Math.max(...p.arena)),
      slots: p.slots.map((s) => s.arena >= 0 ? { ...s, arena: 0 } : s),
    }),
  },
  {
    name: "nothing may fail behind the commit point",
    graphs: 60,
    change: commitFirst,
  },
];

/** Every elementwise result in place of its first operand that is a temporary of its shape. */
function overwriteAll(p: Program): Program {
  const like = (a: number, b: number) =>
    p.slots[a]!.kind === "temporary" && p.slots[b]!.kind === "temporary" &&
    p.slots[a]!.dtype === p.slots[b]!.dtype &&
    p.slots[a]!.shape.join() === p.slots[b]!.shape.join();
  const changed = new Set<number>();
  const thunks = p.thunks.map((t) => {
    if (
      t.run.kind !== "compiled" || t.inplace >= 0 || t.outputs.length === 0 ||
      !t.inputs.length || !like(t.inputs[0]!, t.outputs[0]!)
    ) return t;
    changed.add(t.outputs[0]!);
    return { ...t, inplace: 0 };
  });
  return {
    ...p,
    thunks,
    slots: p.slots.map((s, slot) =>
      changed.has(slot) ? { ...s, kind: "look" as const } : s
    ),
  };
}

/** The first update in place comes first of all. */
function commitFirst(p: Program): Program {
  const at = p.commit, i = p.code[at]!;
  if (i[0] !== "CALL") return p;
  const first = p.code.findIndex(([op, a]) =>
    (op === "CALL" && p.thunks[a]!.mayFail) || op === "HOST"
  );
  if (first < 0 || first > at) return p;
  const code = [...p.code];
  [code[first], code[at]] = [code[at]!, code[first]!];
  return { ...p, code, commit: first };
}

for (const { name, graphs, mode = 0, size = 1, change } of RULES) {
  Deno.test(`left out, it is noticed: ${name}`, () => {
    for (let seed = 1; seed <= graphs; seed++) {
      try {
        tryGraph(seed, MODES[mode]!, { points: 2, size, change });
      } catch (error) {
        if (error instanceof Broken) return;
        throw error;
      }
    }
    assert(false, `${graphs} graphs noticed nothing`);
  });
}
