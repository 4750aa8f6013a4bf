/** Reads ifelse and scan: what their branches and bodies give to the graph around them. */
import type { Length, Lengths } from "../../graph/length.ts";
import { bodyResults, type ScanParams } from "../../graph/scan_params.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { countLength, splitInputs } from "../../nested/loop.ts";
import { identity } from "../../ops/elementwise/elemwise.ts";
import type { Body, Check, Frame, Value } from "../flow.ts";
import { copyOf, valuesOf } from "../flow.ts";
import {
  knownShape,
  type Lie,
  liesLike,
  packed,
  rowOf,
  strided,
} from "../layout.ts";
import { at } from "./infer.ts";
import type { Reader } from "./read.ts";
import { frameOf } from "./scalars.ts";
import { affineLengths, sameLength } from "./shapes.ts";

interface ChoiceSite {
  readonly node: Apply;
  readonly frame: Frame;
  readonly wanted: ReadonlySet<number>;
}

/** Reads the wanted outputs of an ifelse. Where its branches lie differently, the odd one is copied. */
export function readChoice(
  reader: Reader,
  { node, frame, wanted }: ChoiceSite,
): void {
  const half = (node.inputs.length - 1) / 2,
    indices = [...wanted].sort((a, b) => a - b);
  const pairs = indices.map((i) =>
    [1 + i, 1 + half + i].map((k) => reader.lookup(node.inputs[k]!, frame)) as [
      Value,
      Value,
    ]
  );
  const alike = pairs.map(([a, b]) => liesLike(a, b));
  const settled = pairs.map((pair, i) =>
    pair.map((x) => alike[i] || x.rowMajor ? x : reader.copied(x))
  );
  const outputs = indices.map((index, i) => {
    const [a, b] = pairs[i]!;
    const lengths = a.lengths.map((n, axis) =>
        sameLength(n, b.lengths[axis]!) ? n : null
      ),
      shape = knownShape(lengths);
    const lie = alike[i] && !a.rowMajor
      ? strided(shape, a.strides)
      : packed(shape);
    return {
      variable: node.outputs[index]!,
      frame,
      leaf: null,
      lengths,
      ...lie,
      scalar: sameLength(a.scalar, b.scalar) ? a.scalar : null,
    };
  });
  const cond = reader.lookup(node.inputs[0]!, frame);
  reader.unit({
    kind: "ifelse",
    node,
    frame,
    inputs: [cond],
    cond,
    yes: settled.map((p) => p[0]!),
    no: settled.map((p) => p[1]!),
  }, outputs);
}

/** Reads a scan and its body; false where a row's lengths depend on the step, so that only `eval` can run it. */
export function readScan(
  reader: Reader,
  node: Apply<ScanParams>,
  frame: Frame,
): boolean {
  const { params } = node,
    inputs = node.inputs.map((v) => reader.lookup(v, frame));
  const { nSteps, sequences, initial, nonSequences } = splitInputs(
    inputs,
    params,
  );
  const body: Frame = {
    depth: frame.depth + 1,
    parent: frame,
    values: new Map(),
  };
  params.nonSequences.forEach((v, i) => body.values.set(v, nonSequences[i]!));
  const row = (variable: Variable, x: Value, lie: Lie) =>
    reader.value({
      variable,
      frame: body,
      leaf: "row",
      lengths: x.lengths.slice(1),
      ...lie,
    });
  const made = {
    sequences: params.sequences.map((s, i) =>
      s.vars.map((v) => row(v, sequences[i]!, rowOf(sequences[i]!)))
    ),
    states: params.states.map((s, i) =>
      s.vars.map((v) => row(v, initial[i]!, packed(initial[i]!.shape.slice(1))))
    ),
  };
  reader.readNodes(bodyResults(params), body);
  const results = [
    ...params.states.map((s) => s.next),
    ...params.extras.map((e) => e.value),
  ].map((v) => reader.lookup(v, body));
  const lengths = results.map((x, i) =>
    i < initial.length ? initial[i]!.lengths.slice(1) : x.lengths
  );
  if (lengths.some((ns) => frameOf(ns, reader.top).depth > frame.depth)) {
    return false;
  }
  const nested: Body = {
    frame: body,
    ...made,
    results: results.map((x, i) =>
      i < initial.length
        ? fitted(reader, {
          node,
          body,
          next: x,
          row: lengths[i]!,
          like: initial[i]!,
        })
        : x
    ),
    until: params.until && reader.lookup(params.until, body),
    rows: lengths.map((ns, i) => ({
      lengths: ns,
      sources: ns.map((n) =>
        reader.scalars.source(n, i < initial.length ? [initial[i]!] : [])
      ),
    })),
  };
  const steps = params.until ? null : countLength(
    params,
    nSteps?.scalar,
    sequences.map((x) => ({ shape: x.lengths })),
    lengthsOf(reader),
  );
  const keeps = [...params.states, ...params.extras].map((s) => s.keep);
  reader.unit(
    { kind: "scan", node, frame, inputs, params, body: nested },
    node.outputs.map((variable, i) => {
      const all = keeps[i] ? [steps, ...lengths[i]!] : lengths[i]!;
      return {
        variable,
        frame,
        leaf: null,
        lengths: all,
        ...packed(knownShape(all)),
      };
    }),
  );
  return true;
}

/** The arithmetic of lengths that nothing is tested or taken for granted of. */
function lengthsOf(reader: Reader): Lengths {
  return affineLengths({
    compute: (form) => reader.scalars.compute(form),
    check: () => {},
    assume: () => null,
  });
}

interface Fit {
  readonly node: Apply;
  readonly body: Frame;
  readonly next: Value;
  readonly row: readonly Length[];
  readonly like: Value;
}

/** The new value of a state, checked in each step where its lengths are not known to be those of a row. */
function fitted(reader: Reader, { node, body, next, row, like }: Fit): Value {
  const differs = next.lengths.map((n, axis) => !sameLength(n, row[axis]!));
  if (!differs.includes(true)) return next;
  next.shape.forEach((n, axis) => {
    const want = row[axis]!;
    if (typeof n !== "number" || typeof want !== "number" || n === want) return;
    at(node, [like], () => {
      throw new RangeError(
        `Cannot run scan: axis ${axis} of a state has length ${want}, of its new value ${n}`,
      );
    });
  });
  const copy = identity(next.variable).owner!;
  const checks = row.flatMap((n, axis): Check[] =>
    differs[axis]
      ? [{ x: { value: next, axis }, y: reader.scalars.source(n, []), axis }]
      : []
  );
  const [made] = reader.unit(
    {
      ...copyOf(copy, next),
      frame: body,
      checks,
      needs: [next, ...valuesOf(checks.map((c) => c.y))],
    },
    [{
      variable: copy.outputs[0]!,
      frame: body,
      leaf: null,
      lengths: row,
      ...packed(knownShape(row)),
    }],
  );
  return made!;
}
