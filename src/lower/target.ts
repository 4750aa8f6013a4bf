/** What lowering knows of the machine: plain values, so that a test can fix them. */

/** A machine to print kernels for. */
export interface Target {
  /** Bytes of a vector register: 16, 32 or 64. */
  readonly vector: number;
  /** Vector registers. */
  readonly registers: number;
  /** Bytes of the caches of a core: L1, L2, and the shared L3. */
  readonly caches: readonly [number, number, number];
  /** A BLAS is loaded. */
  readonly blas: boolean;
  /** It has LAPACK. */
  readonly lapack: boolean;
  readonly threads: number;
}

/** A machine that golden tests print for. */
export const FIXED_TARGET: Target = {
  vector: 64,
  registers: 32,
  caches: [32768, 1048576, 33554432],
  blas: true,
  lapack: true,
  threads: 1,
};
