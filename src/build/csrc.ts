/** The C headers that kernels (and programs printed as one C function) may include, as text: they travel with the library wherever it is imported from. */
import cvm from "../../csrc/cvm.h" with { type: "text" };
import fft from "../../csrc/fft.h" with { type: "text" };
import kernel from "../../csrc/kernel.h" with { type: "text" };
import lapack from "../../csrc/lapack.h" with { type: "text" };
import opcodes from "../../csrc/cvm_opcodes.h" with { type: "text" };
import platform from "../../csrc/platform.h" with { type: "text" };
import specialMath from "../../csrc/special_math.h" with { type: "text" };
import steps from "../../csrc/steps.h" with { type: "text" };
import vectorMath from "../../csrc/vector_math.h" with { type: "text" };

/** Header name → text. */
export const HEADERS: Readonly<Record<string, string>> = {
  "cvm.h": cvm,
  "cvm_opcodes.h": opcodes,
  "fft.h": fft,
  "kernel.h": kernel,
  "lapack.h": lapack,
  "platform.h": platform,
  "special_math.h": specialMath,
  "steps.h": steps,
  "vector_math.h": vectorMath,
};

/** The headers, and those that they include. */
export function reachable(headers: readonly string[]): string[] {
  const names = [...new Set(headers)];
  for (const name of names) {
    const text = HEADERS[name];
    if (text === undefined) {
      throw new RangeError(`Cannot include ${name}: csrc has no such header`);
    }
    for (const [, included] of text.matchAll(/^\s*#include "(.+)"/gm)) {
      if (!names.includes(included!)) names.push(included!);
    }
  }
  return names;
}
