/** The settings in force: plain values, filled once from the environment when mod.ts is loaded. */

/** Where a setting's value came from. */
export type Source = "default" | "DAMO_FLAGS" | "program";

/** What `DAMO_FLAGS` and a program may set. */
export interface Config {
  /** The dtype of `matrix("x")` and its relatives. */
  floatX: "float16" | "float32" | "float64";
  /** Where functions run. */
  device: "cpu" | "cuda";
  /** What runs a function: see Mode. */
  linker: "cvm" | "cvm_nogc" | "c" | "reference";
  /** Which rewrites run: see Mode. */
  optimizer: "fast_run" | "fast_compile" | "none";
  /** Names of rewrite rules or phases to leave out of every mode. */
  excluding: readonly string[];
  /** Threads that a kernel may use; 0 for as many as there are cores. */
  threads: number;
  /** Where compiled kernels are kept. */
  cache: string;
  /** The C compiler's command; "" searches cc, gcc and clang. */
  cc: string;
  /** Path of a BLAS library; "" searches, "none" uses none. */
  blas: string;
  /** Measures every function. */
  profile: boolean;
  /** What an input is worth that nothing needs. */
  onUnusedInput: "raise" | "warn" | "ignore";
  /** Inputs may be rounded to a narrower float. */
  allowInputDowncast: boolean;
}

/** What may run functions. */
export const LINKERS: readonly Config["linker"][] = [
  "cvm",
  "cvm_nogc",
  "c",
  "reference",
];

/** Sets of rewrites. */
export const OPTIMIZERS: readonly Config["optimizer"][] = [
  "fast_run",
  "fast_compile",
  "none",
];

/** The settings in force. */
export const config: Config = {
  floatX: "float32",
  device: "cpu",
  linker: "cvm",
  optimizer: "fast_run",
  excluding: [],
  threads: 1,
  cache: "",
  cc: "",
  blas: "",
  profile: false,
  onUnusedInput: "raise",
  allowInputDowncast: false,
};

/** Where each setting came from. */
export const sources: { [name in keyof Config]?: Source } = {};
