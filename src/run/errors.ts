/** What a kernel refused, in words: the op, the values, and the user's line. */
import type { KernelCode } from "../../ffi/cvm.ts";
import { describeType } from "../graph/type.ts";
import { refusalError, refusalOf } from "../ops/linalg/refusal.ts";
import type { Apply, Variable } from "../graph/variable.ts";
import type { Program } from "../lower/program.ts";
import type { Stop } from "./state.ts";

/** What a kernel refused. */
export interface KernelFailure {
  readonly code: KernelCode;
  readonly axis: number;
  readonly index: number;
  readonly length: number;
}

/** The error for a failure of `node`, with the shapes its operands had. */
export function kernelError(
  failure: KernelFailure,
  node: Apply | null,
  shapes: readonly (readonly (number | null)[] | undefined)[] = [],
): Error {
  const { code, axis, index, length } = failure;
  const name = node?.op.name ?? "a kernel";
  const where = node ? describeNode(node, shapes) : "";
  switch (code) {
    case "INDEX":
      return new RangeError(
        `Cannot apply ${name}: index ${index} is out of range for axis ${axis} of length ${length}${where}`,
      );
    case "SHAPE":
      return new RangeError(
        `Cannot apply ${name}: axis ${axis} has lengths ${index} and ${length}${where}`,
      );
    case "MEMORY":
      return new RangeError(
        `Cannot apply ${name}: no memory for ${index} bytes${where}`,
      );
    case "ASSERT": {
      const message = (node && messageOf(node)) ?? name;
      return new RangeError(`Cannot pass an assertion: ${message}${where}`);
    }
    case "LINALG": {
      const error = refusalError(name, refusalOf(failure));
      error.message += where;
      return error;
    }
    default:
      return new RangeError(
        `Cannot apply ${name}: value ${index} is outside of its domain${where}`,
      );
  }
}

/** What an assertion says where it does not hold. */
export function messageOf({ params }: Apply): string | undefined {
  return (params as { readonly message?: string } | undefined)?.message;
}

/** The error for a run that stopped, which also says in which steps of which loops. */
export function stopError(stop: Stop, program: Program): Error {
  const { thunk, loops } = stop.site, node = thunk?.node ?? null;
  const where = loops.map(({ loop, steps }) =>
    `\n  in step ${steps} of the scan at ${loop.node.origin.line}`
  ).join("");
  switch (stop.kind) {
    case "failed": {
      if (thunk?.run.kind === "host" && thunk.run.refusal) {
        return thunk.run.refusal;
      }
      const shapes = node?.inputs.map((v) =>
        program.slots.find((s) => s.variable === v)?.shape
      );
      const error = kernelError(stop, node, shapes);
      error.message += where;
      return error;
    }
    case "crashed":
      return new Error(
        `A kernel of ${
          node?.op.name ?? "the program"
        } crashed with signal ${stop.signal}${where}`,
      );
    case "interrupted":
      return new Error("The call was interrupted");
    case "stopped":
      return new Error("The call is paused");
  }
}

/** Lines that say what an application is and where the user wrote it and its operands. */
export function describeNode(
  node: Apply,
  shapes: readonly (readonly (number | null)[] | undefined)[] = [],
): string {
  const operands = node.inputs.map((v, i) => {
    const shape = shapes[i]
      ? ` of shape (${shapes[i]!.map((n) => n ?? "?").join(", ")}${
        shapes[i]!.length === 1 ? "," : ""
      })`
      : "";
    return `\n    ${label(v)}: ${describeType(v.type)}${shape}${
      v.owner ? `, made at ${v.owner.origin.line}` : ""
    }`;
  });
  return `\n  ${node.op.name} at ${node.origin.line}${operands.join("")}`;
}

function label(v: Variable): string {
  return v.name ?? v.owner?.op.name ?? "constant";
}
