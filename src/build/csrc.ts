/** The C headers that kernels may include, as text: they travel with the library wherever it is imported from. */
import kernel from "../../csrc/kernel.h" with { type: "text" };
import vectorMath from "../../csrc/vector_math.h" with { type: "text" };

/** Header name → text. */
export const HEADERS: Readonly<Record<string, string>> = {
  "kernel.h": kernel,
  "vector_math.h": vectorMath,
};
