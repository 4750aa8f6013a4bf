/** Ops by their own `eval`, where there is no kernel: for the interpreter, and for the VM when it comes to such an op. */
import { lengthValue, type Shaped, STATIC } from "../graph/length.ts";
import type { NDArray } from "../graph/ndarray.ts";
import { type Apply, shaped } from "../graph/variable.ts";
import { evaluateNode } from "../ops/evaluate.ts";
import { describeNode } from "./errors.ts";

/** An op's own value for lengths that its type rule admits. An error names the application, the shapes and the user's lines besides. */
export function computeNode(
  node: Apply,
  inputs: readonly NDArray[],
): readonly NDArray[] {
  try {
    checkLengths(node, inputs);
    return evaluateNode(node, inputs);
  } catch (error) {
    if (error instanceof Error && !error.message.includes("\n  ")) {
      error.message += describeNode(node, inputs.map((x) => x.shape));
    }
    throw error;
  }
}

/** Lengths that types do not know: an axis that happens to have length 1 broadcasts no more than any other. */
function checkLengths(node: Apply, inputs: readonly NDArray[]): void {
  const operands = inputs.map((x, i): Shaped => ({
    ...shaped(node.inputs[i]!),
    shape: x.shape,
    value: lengthValue(x),
  }));
  node.op.infer(operands, node.params, STATIC);
}
