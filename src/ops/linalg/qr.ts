/** An orthogonal factor and a triangle. */
import type { Length, Lengths } from "../../graph/length.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { defineOp, type Operand, type OpFunction, type X } from "../define.ts";
import { tril } from "../shape/diagonal.ts";
import { add, neg, sub } from "../elementwise/elemwise.ts";
import { orthogonalize } from "./factorize.ts";
import { matrixPiece, overStacks, vectorPiece } from "./matrix.ts";
import { asFloats, lapackText, matricesOf, times, turn } from "./stack.ts";
import { solveTriangular } from "./triangular.ts";
import { total } from "../elementwise/total.ts";

interface QrParams {
  /** All columns of a square orthogonal matrix. */
  readonly complete: boolean;
}

/** The lengths of both factors. */
function shapesOf(
  m: Length,
  n: Length,
  complete: boolean,
  lengths: Lengths,
): [q: Length[], r: Length[]] {
  const k = complete ? m : lengths.min(m, n);
  return [[m, k], [k, n]];
}

/** Refuses a derivative where columns of q, or of x, are left over. */
function checkTall(
  { type: { shape } }: Variable,
  { complete }: QrParams,
): void {
  const [m, n] = shape.slice(-2) as [Length, Length];
  const wide = typeof m === "number" && typeof n === "number" && m < n;
  const square = m !== null && m === n;
  if (!wide && (!complete || square)) return;
  throw new RangeError(
    `Cannot differentiate qr: matrices are ${m ?? "?"} by ${n ?? "?"}${
      complete ? " and q is complete" : ""
    }; there is a derivative for mode "reduced" and no more columns than rows`,
  );
}

const factored: OpFunction<X, QrParams, 2> = defineOp<X, QrParams, 2>({
  name: "qr",
  arity: 1,
  outputs: 2,
  infer: ([x], { complete }, lengths) => {
    const { lead, m, n } = matricesOf("qr", x), { dtype } = x;
    const [q, r] = shapesOf(m, n, complete, lengths);
    return [{ dtype, shape: [...lead, ...q] }, {
      dtype,
      shape: [...lead, ...r],
    }];
  },
  eval: ([x], { complete }) =>
    overStacks("qr", [x], (x) => {
      const { q, r } = orthogonalize(x!),
        k = complete ? x!.m : Math.min(x!.m, x!.n);
      return [
        matrixPiece(q.columns(0, k)),
        matrixPiece(r.transpose().columns(0, k).transpose()),
      ];
    }),
  // Walter and Lehmann (2013), "Algorithmic differentiation of linear algebra functions".
  vjp: ({ inputs: [x], outputs: [q, r], params }, gq, gr) => {
    checkTall(x, params);
    const m = total(
      gr && times(r!, turn(gr)),
      gq && neg(times(turn(gq), q!)),
    )!;
    const inner = total(gq, times(q!, add(tril(m), turn(tril(m, -1)))))!;
    return [
      turn(solveTriangular(r!, turn(inner), { lower: false })),
    ];
  },
  jvp: ({ inputs: [x], outputs: [q, r], params }, [t]) => {
    if (!t) return [null, null];
    checkTall(x, params);
    const moved = turn(
      solveTriangular(r!, turn(t), { lower: false, trans: "T" }),
    );
    const along = times(turn(q!), moved), below = tril(along, -1);
    const turned = sub(below, turn(below));
    return [
      add(times(q!, sub(turned, along)), moved),
      times(sub(along, turned), r!),
    ];
  },
  c: (site) =>
    lapackText(site, (lead, { complete }) => ({
      setup: `${reflectorSetup(lead)}
const int64_t k = ${complete ? "m" : "least"};
const int columns = k, reflectors = least;
L(orgqr)(&height, &columns, &reflectors, 0, &rows, 0, &answer, &asked, &said);
const int size = work_size(answer) > first ? work_size(answer) : first;`,
      scratch: [
        ["R", "a", "m * (n > k ? n : k)"],
        ["R", "tau", "least"],
        ["R", "work", "size"],
      ],
      each: `${reflectorText(lead)}
for (int64_t i = 0; i < k; i++) {
  for (int64_t j = 0; j < n; j++) Y1[i * n + j] = i <= j ? a[j * m + i] : 0;
}
if (k) L(orgqr)(&height, &columns, &reflectors, a, &rows, tau, work, &size, &info);
to_rows(Y0, a, m, k, m);`,
    })),
});

function reflectorSetup(lead: number): string {
  return `
const int64_t m = x_n${lead}, n = x_n${lead + 1}, least = m < n ? m : n;
const int height = m, width = n, rows = leading(m), asked = -1;
R answer = 1;
int said = 0;
L(geqrf)(&height, &width, 0, &rows, 0, &answer, &asked, &said);
const int first = work_size(answer);`;
}

function reflectorText(lead: number): string {
  return `
int info = 0;
to_columns(a, X, m, n, x_s${lead}, x_s${lead + 1});
if (least) L(geqrf)(&height, &width, a, &rows, tau, work, &size, &info);`;
}

/** Reflectors as LAPACK packs them: no derivative, because they are no function of x that anybody differentiates. */
const packed: OpFunction<X, void, 2> = defineOp<X, void, 2>({
  name: "qrRaw",
  arity: 1,
  outputs: 2,
  infer: ([x], _, lengths) => {
    const { lead, m, n } = matricesOf("qr", x), { dtype } = x;
    return [
      { dtype, shape: [...lead, n, m] },
      { dtype, shape: [...lead, lengths.min(m, n)] },
    ];
  },
  eval: ([x]) =>
    overStacks("qr", [x], (x) => {
      const { raw, tau } = orthogonalize(x!);
      return [matrixPiece(raw.transpose()), vectorPiece(tau)];
    }),
  c: (site) =>
    lapackText(site, (lead) => ({
      setup: `${reflectorSetup(lead)}\nconst int size = first;`,
      scratch: [["R", "work", "size"]],
      each: `R *const a = Y0, *const tau = Y1;${reflectorText(lead)}`,
    })),
});

/** What to make: q with as many columns as the triangle has rows, a square q, the triangle alone, or LAPACK's reflectors. */
export type QrMode = "reduced" | "complete" | "r" | "raw";

function qrOf(
  x: Operand,
  mode: "r",
): Variable;
function qrOf(
  x: Operand,
  mode?: QrMode,
): [q: Variable, r: Variable];
function qrOf(
  x: Operand,
  mode: QrMode = "reduced",
): Variable | [q: Variable, r: Variable] {
  const v = asFloats([x])[0]!;
  switch (mode) {
    case "reduced":
    case "complete":
      return factored(v, { complete: mode === "complete" }) as [
        Variable,
        Variable,
      ];
    case "r":
      return factored(v, { complete: false })[1]!;
    case "raw":
      return packed(v) as [Variable, Variable];
    default:
      throw new RangeError(
        `Cannot apply qr: no mode is called ${mode satisfies never}; use reduced, complete, r or raw`,
      );
  }
}

/**
 * q with orthonormal columns and an upper triangle r whose product is x; of
 * mode "r" only r, of "raw" the transposed reflectors and their factors. Signs
 * are LAPACK's. Derivatives: for mode "reduced" (and "r") with no more columns
 * than rows. Axes in front are stacks.
 *
 * TypeError: no matrix. RangeError: no such mode.
 *
 * ```ts
 * import { function as compile, matrix, qr } from "damo";
 * const x = matrix("x"), [q, r] = qr(x), f = compile([x], q.dot(r));
 * console.log(f([[3, 0], [0, 4]]).toArray()); // [ [ 3, 0 ], [ 0, 4 ] ]
 * ```
 */
export const qr: {
  (x: Operand, mode: "r"): Variable;
  (x: Operand, mode?: QrMode): [q: Variable, r: Variable];
  readonly op: AnyOp;
} = Object.assign(qrOf, { op: factored.op });
