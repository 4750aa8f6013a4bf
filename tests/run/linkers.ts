/** The linkers and modes that a function is tested under. */
import * as damo from "damo";

/** Every linker. */
export const LINKERS = ["reference", "cvm", "cvm_nogc", "c"] as const;

/** The modes of all linkers, and DebugMode, by their names. */
export const MODES: readonly (readonly [string, damo.Mode])[] = [
  ...LINKERS.map((linker) => [linker, new damo.Mode({ linker })] as const),
  ["DebugMode", new damo.DebugMode()],
];
