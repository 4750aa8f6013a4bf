/** From the tree to instructions: main code, HALT, then each block with its CLEAR and RET. */
import { DTYPES } from "../graph/dtype.ts";
import { sizeOf } from "../graph/ndarray.ts";
import type { Apply, SharedVariable } from "../graph/variable.ts";
import type { Arena } from "./memory/arena.ts";
import { headerExtents } from "./emit/builtins.ts";
import { builtin, computeDrafts, jointDraft } from "./tree/drafts.ts";
import type { Computation, Flow, Value } from "./flow.ts";
import type { Extent, Implementation } from "./emit/implementation.ts";
import type { Aliasing } from "./memory/inplace.ts";
import { liesLike } from "./layout.ts";
import type { Lifetimes } from "./memory/liveness.ts";
import type { Together } from "./order/pairs.ts";
import type { Plans } from "./plans.ts";
import type {
  Instruction,
  Kernel,
  Loop,
  Program,
  Slot,
  Thunk,
} from "./program.ts";
import type { Placement, Region } from "./order/regions.ts";
import { sameLength } from "./read/shapes.ts";
import type { Assumption } from "./signature.ts";
import { table } from "./tree/slots.ts";
import type { Draft, Item, SlotDraft } from "./tree/tree.ts";

/** The bytes of an operand, or the operations, from which on a kernel is split among threads: it takes several times as long as they take to meet. */
const PARALLEL_BYTES = 1 << 18, PARALLEL_WORK = 1 << 19;

/** What the earlier stages decided. */
export interface Decided {
  readonly flow: Flow;
  readonly placement: Placement;
  readonly plans: Plans;
  readonly aliasing: Aliasing;
  readonly lifetimes: Lifetimes;
  readonly arena: Arena;
  /** What is not in the arena is freed. */
  readonly gc: boolean;
  readonly notes: readonly string[];
}

/** The program. */
export function assemble(decided: Decided): Program {
  return new Assembler(decided).program();
}

class Assembler {
  readonly #code: [op: Instruction[0], a: number, b: number][] = [];
  readonly #thunks: Thunk[] = [];
  readonly #loops: Loop[] = [];
  readonly #slots: SlotDraft[];
  readonly #tables = new Map<string, number>();
  readonly #kernels = new Map<string, Kernel>();
  readonly #flags: ReadonlyMap<Region, number>;
  readonly #clears: ReadonlyMap<Region, readonly [first: number, n: number]>;
  /** GOSUBs whose block has no address yet. */
  readonly #calls: [pc: number, block: Region][] = [];
  readonly #guards: Assumption[] = [];
  readonly #notes = new Set<string>();
  readonly #bodies: ReadonlyMap<Region, readonly number[]>;
  #commit = -1;

  constructor(readonly decided: Decided) {
    this.#slots = [...decided.aliasing.tree.slots];
    [this.#flags, this.#clears] = numberFlags(decided.placement.blocks);
    this.#bodies = slotsOfBodies(decided.aliasing.owners);
  }

  program(): Program {
    const { flow, placement, lifetimes, aliasing, arena, notes } = this.decided,
      { tree } = aliasing;
    this.#clear(placement.top);
    this.#list(lifetimes.main);
    const halt = this.#emit("HALT", 0, 0), starts = new Map<Region, number>();
    for (const [block, items] of lifetimes.blocks) {
      starts.set(block, this.#code.length);
      this.#clear(block);
      this.#list(items);
      this.#emit("RET", this.#flags.get(block)!, 0);
    }
    for (const [pc, block] of this.#calls) {
      this.#code[pc]![2] = starts.get(block)!;
    }
    const shared = flow.shared.flatMap(([s, v]): [SharedVariable, number][] =>
      tree.slotOf[v.id] === undefined ? [] : [[s, tree.slotOf[v.id]!]]
    );
    return {
      code: this.#code,
      thunks: this.#thunks,
      loops: this.#loops,
      slots: this.#slots.map((s, slot) => this.#slot(s, slot)),
      flags: this.#flags.size,
      inputs: flow.inputs.map((v) => tree.slotOf[v.id] ?? -1),
      shared,
      outputs: tree.outputs,
      arena: arena.bytes,
      gc: this.decided.gc,
      commit: this.#commit < 0 ? halt : this.#commit,
      resizes: flow.updates.some(({ storage, value }) =>
        !liesLike(value, storage) ||
        !storage.lengths.every((n, axis) => sameLength(n, value.lengths[axis]!))
      ),
      guards: this.#guards,
      notes: [...notes, ...this.#notes],
    };
  }

  #slot(
    { dtype, shape, strides, data, variable, kind }: SlotDraft,
    slot: number,
  ): Slot {
    const { arena, aliasing } = this.decided;
    return {
      kind: kind === "temporary" && aliasing.owns[slot] === false
        ? "look"
        : kind,
      dtype,
      shape,
      strides,
      ...(data && { value: data }),
      arena: arena.buffers[slot] ?? -1,
      variable,
    };
  }

  #emit(op: Instruction[0], a: number, b: number): number {
    return this.#code.push([op, a, b]) - 1;
  }

  #clear(container: Region): void {
    const flags = this.#clears.get(container);
    if (flags) this.#emit("CLEAR", ...flags);
  }

  #list(items: readonly Item[]): void {
    for (const item of items) this.#item(item);
  }

  #item(item: Item): void {
    switch (item.kind) {
      case "compute":
        return item.with
          ? this.#together(item.unit, item.with)
          : this.#compute(item.unit);
      case "thunk":
        return this.#thunk(item.draft);
      case "bind":
        return void this.#emit("BIND", item.out, item.from);
      case "free":
        return void (this.#isFreed(item.slot) &&
          this.#emit("FREE", item.slot, 0));
      case "swap":
        this.#commits();
        return void this.#emit("SWAP", item.storage, item.slot);
      case "gosub":
        return void this.#calls.push([
          this.#emit("GOSUB", this.#flags.get(item.block)!, 0),
          item.block,
        ]);
      case "if": {
        const unless = this.#emit("JUMP_UNLESS", item.cond, 0);
        this.#list(item.yes);
        const jump = item.no.length ? this.#emit("JUMP", 0, 0) : -1;
        this.#code[unless]![2] = this.#code.length;
        this.#list(item.no);
        if (jump >= 0) this.#code[jump]![2] = this.#code.length;
        return;
      }
      case "loop": {
        const loop = this.#loops.push({
            ...item.loop,
            body: this.#bodies.get(item.region) ?? [],
          }) - 1,
          enter = this.#emit("ENTER", loop, 0);
        this.#clear(item.region);
        this.#list(item.body);
        this.#emit("STEP", loop, enter + 1);
        this.#code[enter]![2] = this.#code.length;
        return;
      }
      default:
        item satisfies never;
    }
  }

  #isFreed(slot: number): boolean {
    const { gc, arena } = this.decided;
    return gc && arena.buffers[slot]! < 0;
  }

  #commits(): void {
    if (this.#commit < 0) this.#commit = this.#code.length;
  }

  #compute(unit: Computation): void {
    const { aliasing, plans } = this.decided,
      { tree } = aliasing,
      slotOf = (v: Value) => tree.slotOf[v.id]!;
    const inplace = aliasing.inplace.get(unit.id) ?? -1,
      over = inplace >= 0 && unit.inputs[inplace]!.leaf === "shared";
    const drafts = computeDrafts(unit, plans, {
      slotOf,
      inplace,
      isRow: (slot) => tree.slots[slot]!.base >= 0,
      partsOf: ({ dtype, length }) =>
        this.#slots.push({
          owner: null,
          kind: "temporary",
          dtype,
          shape: [length],
          strides: [1],
          data: null,
          variable: null,
          base: -1,
        }) - 1,
    });
    for (const draft of drafts) this.#thunk(draft, over);
    const { op, origin } = unit.node, note = plans.of(unit, inplace)?.note;
    if (note) this.#notes.add(note);
    if (plans.onHost(unit) && !unit.refusal) {
      this.#notes.add(
        `${op.name}: has no C and runs in TypeScript, made at ${origin.line}`,
      );
    }
  }

  #together(product: Computation, pair: Together): void {
    const { slotOf } = this.decided.aliasing.tree;
    this.#thunk(jointDraft(product, pair, (v) => slotOf[v.id]!), true);
    this.#notes.add(pair.note);
  }

  /** Emits a call; its extents become a constant, or a table that a thunk before it fills from headers. */
  #thunk(draft: Draft, commits = false): void {
    const { run, inputs, outputs, extents, inplace, mayFail, node } = draft;
    const table = extents.length || run.kind === "builtin"
      ? this.#table(draft)
      : -1;
    if (commits) this.#commits();
    const first = extents[0],
      splits = run.kind === "compiled" && run.plan.splits;
    const range = splits ? (typeof first === "number" ? first : -1) : 1;
    if (run.kind === "builtin" && run.name === "guard") {
      this.#guards.push({
        node: node as Apply,
        which: extents[1] as number,
        length: extents[0] as number,
      });
    }
    const thunk: Thunk = {
      run: run.kind === "compiled"
        ? { kind: "compiled", kernel: this.#kernel(run.plan.kernel) }
        : run.kind === "host"
        ? { ...run, node: node! }
        : run,
      inputs,
      outputs,
      extents: table,
      range,
      inplace,
      mayFail,
      node,
    };
    const op = run.kind === "host"
      ? "HOST"
      : splits && this.#isLarge(thunk, run.plan)
      ? "CALL_PARALLEL"
      : "CALL";
    this.#emit(op, this.#thunks.push(thunk) - 1, 0);
  }

  /** Equal text is one kernel. */
  #kernel(kernel: Kernel): Kernel {
    const known = this.#kernels.get(kernel.text) ?? kernel;
    this.#kernels.set(kernel.text, known);
    return known;
  }

  /** A step that reads what another has left reads nothing else that is large. */
  #isLarge(
    { inputs, outputs }: Thunk,
    { work = 0, parts }: Implementation,
  ): boolean {
    if (this.decided.plans.target.threads <= 1) return false;
    const bytes = (slot: number) => {
      const { shape, dtype } = this.#slots[slot]!;
      return shape.includes(null)
        ? Infinity
        : sizeOf(shape as readonly number[]) * DTYPES[dtype].size;
    };
    const read = parts === "read" ? inputs.slice(-1) : inputs;
    return work >= PARALLEL_WORK ||
      [...read, ...outputs].some((slot) => bytes(slot) >= PARALLEL_BYTES);
  }

  #table({ extents, inputs, outputs, headers, inplace, node }: Draft): number {
    if (extents.every((e) => typeof e === "number")) {
      return this.#constant(extents);
    }
    // An output in place has no header before it runs; that of what it overwrites says the same.
    const slots = extents.map((e) => {
      if (typeof e === "number") return -1;
      const slot = headers[e.arg]!;
      return inplace >= 0 && slot === outputs[0] ? inputs[inplace]! : slot;
    });
    const named = [...new Set(slots.filter((slot) => slot >= 0))];
    const entries = extents.map((e, i): Extent =>
      typeof e === "number" ? e : { ...e, arg: named.indexOf(slots[i]!) }
    );
    const slot = this.#slots.push({
      ...table(extents.map(() => 0)),
      kind: "temporary",
      data: null,
    }) - 1;
    this.#thunk(
      builtin("extents", {
        inputs: named,
        outputs: [slot],
        extents: headerExtents(entries) as number[],
        mayFail: false,
        node,
      }),
    );
    return slot;
  }

  #constant(words: readonly number[]): number {
    const key = words.join(), known = this.#tables.get(key);
    if (known !== undefined) return known;
    const slot = this.#slots.push(table(words)) - 1;
    this.#tables.set(key, slot);
    return slot;
  }
}

/** For each body the slots that it owns, with those of blocks and bodies in it. */
function slotsOfBodies(
  owners: readonly (Region | null)[],
): Map<Region, number[]> {
  const slots = new Map<Region, number[]>();
  owners.forEach((owner, slot) => {
    for (let r = owner; r; r = r.parent) {
      if (r.kind === "body") {
        (slots.get(r) ?? slots.set(r, []).get(r)!).push(slot);
      }
    }
  });
  return slots;
}

/** Flags of a container's blocks are numbered together, so that one CLEAR does. */
function numberFlags(
  blocks: readonly Region[],
): [Map<Region, number>, Map<Region, readonly [number, number]>] {
  const by = new Map<Region, Region[]>(),
    flags = new Map<Region, number>(),
    clears = new Map<Region, readonly [number, number]>();
  for (const block of blocks) {
    const container = block.parent!.container;
    (by.get(container) ?? by.set(container, []).get(container)!).push(block);
  }
  for (const [container, own] of by) {
    clears.set(container, [flags.size, own.length]);
    own.forEach((block) => flags.set(block, flags.size));
  }
  return [flags, clears];
}
