/** Copies of a factor with its border, in which vectors are read in single steps. */
import { DTYPES } from "../../../graph/dtype.ts";
import type { Form } from "../access.ts";
import { lengthOf, type Windows } from "./windows.ts";
import { block, line, type Writer } from "../writer.ts";

/** An axis of a copy. */
interface PackedAxis {
  readonly form: Form;
  /** The position of its first element. */
  readonly low: number;
  readonly length: number;
  /** Elements from one to the next. */
  readonly pitch: number;
  /** Along the axis of vectors: positions that are `step` apart lie side by side, in rows of `row`. */
  readonly step: number;
  readonly row: number;
}

/** How a factor is copied for each point of the loops around. */
export interface Packing {
  readonly axes: readonly PackedAxis[];
  readonly fixed: readonly Form[];
  readonly size: number;
}

/** The copy that the right factor needs, or null. */
export function packingOf(w: Windows): Packing | null {
  const { nest, right: { forms }, around, lane, lanes } = w;
  if (!forms) return null;
  const isFixed = ({ terms }: Form) =>
    [...terms.keys()].some((a) => around.includes(a)) || terms.size === 0;
  const moving = forms.filter((f) => !isFixed(f)), axes: PackedAxis[] = [];
  let pitch = 1;
  for (
    const form of moving.toSorted((f, g) =>
      +f.terms.has(lane) - +g.terms.has(lane)
    ).toReversed()
  ) {
    let low = form.constant, high = form.constant;
    for (const [a, times] of form.terms) {
      const last = times * (lengthOf(nest, a) - 1);
      if (last < 0) low += last;
      else high += last;
    }
    const step = form.terms.get(lane) ?? 1,
      length = high - low + 1,
      row = Math.ceil(length / step);
    axes.unshift({ form, low, length, pitch, step, row });
    pitch *= step * row;
  }
  return { axes, fixed: forms.filter(isFixed), size: pitch + lanes };
}

type Positions = ReadonlyMap<number, string>;

/** The sum of some terms as C. */
export function sumText(
  terms: Iterable<readonly [number, number]>,
  constant: number,
  at: Positions,
): string {
  const parts = [...terms].flatMap(([a, times]) => {
    const v = at.get(a)!;
    if (v === "0") return [];
    const name = /^\w+$/.test(v) ? v : `(${v})`;
    return [times === 1 ? name : `${name} * ${times}`];
  });
  if (constant !== 0 || parts.length === 0) parts.push(String(constant));
  return parts.join(" + ").replaceAll("+ -", "- ");
}

/** The element of a copy that the loops are at. */
export function packedElement(
  { axes }: Packing,
  lane: number,
  at: Positions,
): string {
  const terms = axes.flatMap(({ form, low, pitch, step, row }) => {
    const others = [...form.terms].filter(([a]) => step === 1 || a !== lane);
    const e = sumText(others, form.constant - low, at);
    if (step === 1) {
      return e === "0" ? [] : [`(${e})${pitch === 1 ? "" : ` * ${pitch}`}`];
    }
    return [
      `(${e}) % ${step} * ${row}`,
      `(${e}) / ${step}`,
      ...(form.terms.has(lane) ? [`(${at.get(lane)})`] : []),
    ];
  });
  return `packed[${terms.join(" + ") || "0"}]`;
}

/** Room for the copy, its border 0. */
export function printRoom(w: Windows, p: Packing, writer: Writer): void {
  const { c: type, size } = DTYPES[w.dtype];
  line(
    writer,
    `const int code = ctx->reserve_scratch(ctx, ${p.size * size});`,
  );
  line(writer, "if (code) return code;");
  line(writer, `${type} *packed = ctx->scratch;`);
  line(
    writer,
    `for (int64_t e = 0; e < ${p.size}; e++) packed[e] = ${
      size === 4 ? "0.0f" : "0.0"
    };`,
  );
}

/** The copy for the point that the loops around are at. */
export function printPacking(w: Windows, p: Packing, writer: Writer): void {
  const { nest, right, around } = w,
    { name } = nest.operands[nest.operands[right.operand]!.memory]!;
  const fixed = new Map(around.map((a) => [a, nest.axes[a]!.name]));
  const from = p.fixed.map((f) =>
    `(${sumText(f.terms, f.constant, fixed)}) * ${f.stride}`
  );
  const to: string[] = [], source: string[] = [...from];
  const over = (d: number): void => {
    const axis = p.axes[d];
    if (!axis) {
      return line(
        writer,
        `packed[${to.join(" + ") || "0"}] = ${name}[${
          source.join(" + ") || "0"
        }];`,
      );
    }
    const { form, low, length, pitch, step, row } = axis, t = `t${d}`;
    const first = Math.max(0, low),
      past = Math.min(form.length, low + length);
    if (d === p.axes.length - 1 && step === 1 && form.stride === 1) {
      // Rows of known length are a few moves of vectors.
      const count = Math.max(0, past - first);
      return line(
        writer,
        `__builtin_memcpy(&packed[${
          [...to, first - low].join(" + ")
        }], &${name}[${[...source, first].join(" + ")}], ${
          count * DTYPES[w.dtype].size
        });`,
      );
    }
    source.push(form.stride === 1 ? t : `${t} * ${form.stride}`);
    const place = low === 0 ? t : `(${t} - ${low})`.replace("- -", "+ ");
    to.push(
      step === 1
        ? `${place}${pitch === 1 ? "" : ` * ${pitch}`}`
        : `${place} % ${step} * ${row} + ${place} / ${step}`,
    );
    block(
      writer,
      `for (int64_t ${t} = ${first}; ${t} < ${past}; ${t}++) {`,
      () => over(d + 1),
    );
    to.pop();
    source.pop();
  };
  over(0);
}
