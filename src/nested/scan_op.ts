/** The op `scan`: a loop as one application, its type rule and its value. */
import { allocate } from "../graph/dtype.ts";
import {
  type Inferred,
  type Length,
  type Lengths,
  lengthValue,
  STATIC,
} from "../graph/length.ts";
import { NDArray } from "../graph/ndarray.ts";
import {
  bodyResults,
  lagOf,
  type ScanParams,
  type ScanSequence,
  spanOf,
} from "../graph/scan_params.ts";
import type { Op, Variable } from "../graph/variable.ts";
import { evaluate } from "../ops/evaluate.ts";
import { stackArrays } from "../ops/shape/join.ts";
import { bodyLengths, connections, type Known } from "./body.ts";
import { countLength, splitInputs } from "./loop.ts";
import { pullScan } from "./scan_grad.ts";
import { pushScan } from "./scan_rop.ts";

/** The op. Inputs, outputs and parameters: see ScanParams. */
export const scanOp: Op<ScanParams> = {
  name: "scan",
  arity: -1,
  outputs: -1,
  infer(inputs, p, lengths) {
    const { sequences, initial, nSteps } = splitInputs(inputs, p);
    const steps = p.until
      ? null
      : countLength(p, nSteps && nSteps.value, sequences, lengths);
    const extras = rowsOfExtras(inputs, p, lengths);
    const rows = [
      ...p.states.map((s, i) => ({
        keep: s.keep,
        dtype: s.next.dtype,
        row: initial[i]!.shape.slice(1),
      })),
      ...p.extras.map((e, i) => ({
        keep: e.keep,
        dtype: e.value.dtype,
        row: extras[i]!,
      })),
    ];
    return rows.map(({ keep, dtype, row }): Inferred => ({
      dtype,
      shape: keep ? [steps, ...row] : row,
    }));
  },
  eval(inputs, p) {
    const { sequences, initial, nSteps, nonSequences } = splitInputs(inputs, p);
    const n = countSteps(
      p,
      nSteps ? nSteps.item() : null,
      sequences.map((s) => s.shape[0]!),
    );
    const fixed = new Map(p.nonSequences.map((v, i) => [v, nonSequences[i]!]));
    const pasts = p.states.map((s, i) => firstRows(initial[i]!, lagOf(s.taps)));
    const extras: NDArray[][] = p.extras.map(() => []);
    const results = bodyResults(p);
    for (let t = 0; t < n; t++) {
      const values = new Map<Variable, NDArray>(fixed);
      p.sequences.forEach((s, i) =>
        s.vars.forEach((v, k) =>
          values.set(v, sequenceRow(s, k, sequences[i]!, t))
        )
      );
      p.states.forEach((s, i) =>
        s.vars.forEach((v, k) =>
          values.set(v, pasts[i]![pasts[i]!.length + s.taps[k]!]!)
        )
      );
      const computed = evaluate(results, values);
      p.states.forEach((_, i) => pasts[i]!.push(computed[i]!));
      p.extras.forEach((_, i) =>
        extras[i]!.push(computed[p.states.length + i]!)
      );
      if (p.until && computed[computed.length - 1]!.item() !== 0) break;
    }
    const lengths = n > 0 ? [] : rowsOfExtras(inputs.map(sizes), p, STATIC);
    return [
      ...p.states.map((s, i) =>
        s.keep
          ? stackRows(
            pasts[i]!.slice(lagOf(s.taps)),
            initial[i]!.shape.slice(1),
            s.next,
          )
          : pasts[i]!.at(-1)!
      ),
      ...p.extras.map((e, i) =>
        e.keep
          ? stackRows(
            extras[i]!,
            (lengths[i] ?? []).map((d) => typeof d === "number" ? d : 0),
            e.value,
          )
          : lastRow(extras[i]!)
      ),
    ];
  },
  vjp: pullScan,
  jvp: pushScan,
  mayFail: true,
  connects: connections,
};

/** The lengths of a row of each extra: known even where no step runs, unless they depend on data. */
function rowsOfExtras(
  inputs: readonly Known[],
  p: ScanParams,
  lengths: Lengths,
): (readonly Length[])[] {
  const open = ({ type: { shape } }: Variable) =>
    shape.some((d) => typeof d !== "number");
  const values = p.extras.map((e) => e.value);
  if (!values.some(open)) return values.map((v) => v.type.shape);
  const { sequences, initial, nonSequences } = splitInputs(inputs, p);
  const row = ({ shape }: Known): Known => ({
    shape: shape.slice(1),
    value: null,
  });
  return bodyLengths(
    values,
    new Map([
      ...p.sequences.flatMap((s, i) =>
        s.vars.map((v) => [v, row(sequences[i]!)] as const)
      ),
      ...p.states.flatMap((s, i) =>
        s.vars.map((v) => [v, row(initial[i]!)] as const)
      ),
      ...p.nonSequences.map((v, i) => [v, nonSequences[i]!] as const),
    ]),
    lengths,
  );
}

/** What lengths depend on, of a value. */
function sizes(x: NDArray): Known {
  return { shape: x.shape, value: lengthValue(x) };
}

/** The number of steps of a run; RangeError if a sequence is too short for nSteps. */
export function countSteps(
  p: ScanParams,
  nSteps: number | null,
  rows: readonly number[],
): number {
  const usable = p.sequences.map((s, i) =>
    Math.max(0, rows[i]! - spanOf(s.taps)[0])
  );
  if (nSteps === null) return Math.min(...usable);
  if (nSteps < 0) throw new RangeError(`Cannot run scan: nSteps is ${nSteps}`);
  usable.forEach((n, i) => {
    if (n < nSteps) {
      throw new RangeError(
        `Cannot run scan for ${nSteps} steps: sequence ${i} has ${
          rows[i]
        } rows, enough for ${n}`,
      );
    }
  });
  return nSteps;
}

function sequenceRow(
  s: ScanSequence,
  tap: number,
  value: NDArray,
  t: number,
): NDArray {
  const row = spanOf(s.taps)[1] + s.taps[tap]! + t;
  return rowAt(value, s.backwards ? value.shape[0]! - 1 - row : row);
}

function rowAt(value: NDArray, i: number): NDArray {
  return new NDArray(
    value.dtype,
    value.shape.slice(1),
    value.data,
    value.strides.slice(1),
    value.offset + i * value.strides[0]!,
  );
}

/** RangeError: there are fewer. */
function firstRows(initial: NDArray, n: number): NDArray[] {
  if (initial.shape[0]! < n) {
    throw new RangeError(
      `Cannot run scan: an initial value has ${
        initial.shape[0]
      } rows, its taps need ${n}`,
    );
  }
  return Array.from({ length: n }, (_, i) => rowAt(initial, i));
}

function stackRows(
  rows: readonly NDArray[],
  row: readonly number[],
  like: Variable,
): NDArray {
  return rows.length
    ? stackArrays(rows)
    : new NDArray(like.dtype, [0, ...row], allocate(like.dtype, 0));
}

function lastRow(rows: readonly NDArray[]): NDArray {
  if (rows.length === 0) {
    throw new RangeError("Cannot take the last value of a scan of zero steps");
  }
  return rows.at(-1)!;
}
