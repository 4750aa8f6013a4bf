/**
 * Printing reductions over a few elements, and results of which a few stand
 * together: all are written out, so that the loop around them has no other
 * inside and is vectorised.
 */
import { identity, resultType } from "./combine.ts";
import { hoist } from "./expression.ts";
import {
  computed,
  FEW,
  type Nest,
  type NestStage,
  type Reduce,
  type Store,
  strideOf,
} from "./nest.ts";
import { accumulate } from "./reduce.ts";
import { close, line, open, type Scope } from "./writer.ts";

/** Elements up to which all are written out. */
const MOST = 32;

/**
 * True where each step of the last loop reads or writes a few elements, not
 * far from those of the next step: a stage reduces them, or stores a few
 * results, of which none waits for a reduction.
 */
export function isOfFew(nest: Nest): boolean {
  const last = nest.outer.at(-1), { stages, written, loads } = nest;
  if (nest.tile || last === undefined || !stages.every(isPlainStage)) {
    return false;
  }
  const reduces = stages.filter((s) => s.kind === "reduce"),
    stores = stages.filter((s) => s.kind === "store");
  const count = (axes: readonly number[]) =>
    axes.reduce((n, a) => {
      const { length } = nest.axes[a]!;
      return typeof length === "number" ? n * length : Infinity;
    }, 1);
  const most = Math.max(count(written), ...reduces.map((s) => count(s.axes)));
  return most > 1 && most <= MOST &&
    (written.length === 0 || reduces.length === 0) &&
    [...loads.values(), ...stores.map((s) => s.access)].every((access) => {
      const stride = strideOf(access, last);
      return typeof stride === "number" && Math.abs(stride) <= FEW;
    });
}

function isPlainStage(s: NestStage): boolean {
  return s.kind === "reduce"
    ? s.combine !== "argmax" && s.combine !== "argmin"
    : s.kind === "store" && s.axes.length === 0 && s.independent &&
      !s.accumulate;
}

/** All stages at each step of the last loop, without loops of their own. */
export function fewForm(
  scope: Scope,
  store: (scope: Scope, stage: Store) => void,
): void {
  const { nest, writer } = scope, last = nest.outer.at(-1)!;
  const isMade = nest.stages.some((s) => s.kind === "reduce");
  for (const a of nest.outer.slice(0, -1)) open(scope, a);
  // What a store is made of may wait for a reduction; all else that is the same along the loop is computed before it.
  const places = nest.stages.map((stage) =>
    placesOf(scope, stage.kind === "reduce" ? stage.axes : nest.written)
      .map((s) =>
        stage.kind === "store" && isMade ? s : hoist([stage.value], last, s)
      )
  );
  line(writer, "#pragma GCC ivdep");
  open(scope, last);
  nest.stages.forEach((stage, at) => {
    if (stage.kind === "reduce") return reduce(stage, at, places[at]!);
    for (const s of places[at]!) store(s, stage as Store);
  });
  close(scope, nest.outer.length);
}

/** The scope at each of the few positions along `axes`. */
function placesOf(scope: Scope, axes: readonly number[]): Scope[] {
  return axes.reduce<Scope[]>(
    (all, a) =>
      all.flatMap((s) =>
        Array.from(
          { length: scope.nest.axes[a]!.length as number },
          (_, i) => ({
            ...s,
            variables: new Map([...s.variables, [a, String(i)]]),
          }),
        )
      ),
    [scope],
  );
}

function reduce(stage: Reduce, at: number, places: readonly Scope[]): void {
  const { writer } = places[0]!;
  line(
    writer,
    `${resultType(stage)} s${at} = ${
      identity(stage.combine, computed(stage.dtype))
    };`,
  );
  for (const s of places) accumulate(s, stage, `s${at}`, "");
}
