/** Results whose order is open: the largest elements, compared as sets along their axis. */
import * as damo from "damo";
import { decode } from "./arrays.ts";
import type { Case, RecordedArray, RecordedCall } from "./case.ts";

/** Output `i` of a call and what was recorded of it, sorted along the axis of `topk`; positions by the elements there, for which of equal ones is meant is open too. */
export function inOrder(
  recorded: Case,
  call: RecordedCall,
  i: number,
  [found, want]: readonly [damo.NDArray | number, RecordedArray],
): [damo.NDArray | number, RecordedArray | damo.NDArray] {
  const node = recorded.nodes.find((n) => n.op === "topk"),
    expected = decode(want);
  const isNamed = node?.outputs.includes(recorded.outputs[i]!);
  if (!node || !isNamed || typeof found === "number") {
    return [found, want];
  }
  const { axis, return_indices } = node.attrs!;
  const along = axis as number | null;
  const given = recorded.inputs.findIndex(({ id }) => id === node.inputs[0]);
  const isPositions = return_indices &&
    recorded.outputs[i] === node.outputs.at(-1);
  const x = isPositions && given >= 0 ? decode(call.in[given]!) : null;
  const ordered = (v: damo.NDArray): damo.NDArray => {
    const y = damo.asTensor(v);
    const shown = x ? damo.takeAlongAxis(x, damo.cast(y, "int64"), along) : y;
    return damo.function([], [damo.sort(shown, along)], {
      mode: "reference",
    })()[
      0
    ] as damo.NDArray;
  };
  return [ordered(found), ordered(expected)];
}
