/** How each new value reaches its storage: written in place, exchanged with the buffer that it was computed in, or copied and exchanged. */
import { derived } from "../../graph/origin.ts";
import { identity } from "../../ops/elementwise/elemwise.ts";
import {
  allInputs,
  type Computation,
  copyOf,
  type Flow,
  type Unit,
  type Update,
  type Value,
  viewed,
} from "../flow.ts";
import { fitsLie, liesLike, packed } from "../layout.ts";
import type { Plans } from "../plans.ts";

/** The decisions about updates, and the flow with the copies that they need. */
export interface UpdatePlan {
  readonly flow: Flow;
  /** Units whose output 0 is written over a storage: the position of that input. */
  readonly inplace: ReadonlyMap<
    number,
    { readonly update: Update; readonly input: number }
  >;
  /** By value: the storages it may look into. */
  readonly storages: readonly (ReadonlySet<Value> | undefined)[];
  readonly notes: readonly string[];
}

const NOTHING: ReadonlySet<Value> = new Set();

/** Decides for each output and each update by itself, never for a node. `allowed` is false where second buffers are wanted. */
export function planUpdates(
  source: Flow,
  plans: Plans,
  allowed: boolean,
): UpdatePlan {
  const updates = source.updates.filter((u) => u.value !== u.storage);
  const updated = new Set(updates.map((u) => u.storage)), notes: string[] = [];
  const copies = new Copies(source);
  const outputs = source.outputs.map((v) => updated.has(v) ? copies.of(v) : v);
  const storages = looksInto(source), kept = new Set(source.outputs);
  const inplace = new Map<number, { update: Update; input: number }>();

  const reasons = updates.map((update) => {
    const { storage, value } = update, unit = source.units[value.unit];
    const owns = unit?.kind === "compute" && !unit.view &&
      !unit.outputs.some((o) => o !== value && o === storage);
    if (kept.has(value)) return "it is also an output";
    if (updates.some((u) => u !== update && u.value === value)) {
      return "two storages take it";
    }
    if (owns) return liesLike(value, storage) ? null : "it lies differently";
    return `its value is ${
      unit ? `the result of ${unit.node.op.name}` : "no result"
    }`;
  });
  const decided = updates.map((u, i): Update =>
    reasons[i] === null ? u : { ...u, value: copies.of(u.value, u.storage) }
  );
  const flow = { ...copies.flow(), outputs, updates: decided },
    read = readByUnits(flow);
  decided.forEach((update, i) => {
    const { storage, value } = update,
      name = `update of ${storage.variable.name ?? storage.variable}`;
    if (reasons[i] !== null) {
      return void notes.push(`${name}: copied, because ${reasons[i]}`);
    }
    const unit = source.units[value.unit] as Computation;
    // It runs last: behind it no unit may want anything of its kernel.
    const input = allowed && !unit.outputs.some((o) => read.has(o))
      ? inplaceInput(unit, update)
      : -1;
    if (input >= 0) inplace.set(unit.id, { update, input });
    else notes.push(`${name}: second buffer, then exchanged`);
  });

  function inplaceInput(unit: Computation, { storage, value }: Update): number {
    const input = unit.inputs.indexOf(storage);
    const looks = (v: Value) => storages[v.id]?.has(storage) ?? false;
    if (
      value.index !== 0 || !plans.candidates(unit).includes(input) ||
      plans.mayFail(unit, input)
    ) return -1;
    return unit.inputs.some((v, i) => i !== input && looks(v)) ||
        outputs.some(looks)
      ? -1
      : input;
  }

  return { flow, inplace, storages: looksInto(flow), notes };
}

/** Copies added behind the units of a flow. */
class Copies {
  readonly #values: Value[];
  readonly #units: Unit[];
  constructor(readonly source: Flow) {
    this.#values = [...source.values];
    this.#units = [...source.units];
  }

  /** A copy of a value of the top frame, laid out like `storage` if it has its shape. */
  of(x: Value, storage: Value | null = null): Value {
    const owner = this.source.units[x.unit]?.node.origin ?? null,
      node = derived(owner, () => identity(x.variable).owner!);
    const lie = storage && fitsLie(x.shape, storage)
      ? storage
      : packed(x.shape);
    const value: Value = {
      ...x,
      strides: lie.strides,
      rowMajor: lie.rowMajor,
      id: this.#values.length,
      variable: node.outputs[0]!,
      leaf: null,
      unit: this.#units.length,
      index: 0,
      data: null,
    };
    this.#values.push(value);
    this.#units.push({
      ...copyOf(node, x),
      id: value.unit,
      outputs: [value],
    });
    return value;
  }

  flow(): Flow {
    return { ...this.source, values: this.#values, units: this.#units };
  }
}

/** For each value the shared variables whose memory it may look into, through views and branches. */
function looksInto(flow: Flow): (ReadonlySet<Value> | undefined)[] {
  const found: (ReadonlySet<Value> | undefined)[] = [];
  const of = (v: Value) => found[v.id] ?? NOTHING;
  for (const [, v] of flow.shared) found[v.id] = new Set([v]);
  for (const unit of flow.units) {
    const base = viewed(unit);
    if (base) unit.outputs.forEach((o) => found[o.id] = of(base));
    if (unit.kind !== "ifelse") continue;
    unit.outputs.forEach((o, i) => {
      const yes = of(unit.yes[i]!), no = of(unit.no[i]!);
      found[o.id] = yes.size === 0 ? no : no.size === 0 ? yes : yes.union(no);
    });
  }
  return found;
}

/** What the units that are needed read. */
function readByUnits(flow: Flow): ReadonlySet<Value> {
  const read = new Set<Value>(),
    needed = new Set([...flow.outputs, ...flow.updates.map((u) => u.value)]);
  for (let id = flow.units.length - 1; id >= 0; id--) {
    const unit = flow.units[id]!;
    if (!unit.outputs.some((o) => needed.has(o))) continue;
    for (const v of allInputs(unit)) {
      needed.add(v);
      read.add(v);
    }
  }
  return read;
}
