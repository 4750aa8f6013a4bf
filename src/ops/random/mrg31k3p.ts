/** MRG31k3p, the generator behind all random values: its numbers, and its jumps ahead. L'Ecuyer and Touzin, WSC 2000. */

/** The moduli of the two recurrences. */
export const M1 = 2147483647, M2 = 2147462579;

/**
 * Puts the next numbers of a generator into out[from], out[from + step], …
 * up to the end: integers from 1 to 2^31 - 1. Its state is row `row` of
 * `states`, six words: three of each recurrence, the newest first; it moves on.
 */
export function draw(
  states: Int32Array,
  row: number,
  out: Int32Array,
  from = 0,
  step = 1,
): void {
  const s = states.subarray(6 * row, 6 * row + 6);
  let x1 = s[0]!, x2 = s[1]!, x3 = s[2]!, y1 = s[3]!, y2 = s[4]!, y3 = s[5]!;
  for (let i = from; i < out.length; i += step) {
    // x = 2^22 x2 + (2^7 + 1) x3 modulo 2^31 - 1.
    let x = ((x2 & 511) << 22) + (x2 >>> 9) + ((x3 & 16777215) << 7) +
      (x3 >>> 24);
    if (x >= M1) x -= M1;
    x += x3;
    if (x >= M1) x -= M1;
    x3 = x2, x2 = x1, x1 = x;
    // y = 2^15 y1 + (2^15 + 1) y3 modulo 2^31 - 21069.
    let y = ((y1 & 65535) << 15) + 21069 * (y1 >>> 16),
      w = ((y3 & 65535) << 15) + 21069 * (y3 >>> 16);
    if (y >= M2) y -= M2;
    if (w >= M2) w -= M2;
    w += y3;
    if (w >= M2) w -= M2;
    y += w;
    if (y >= M2) y -= M2;
    y3 = y2, y2 = y1, y1 = y;
    out[i] = x1 <= y1 ? x1 - y1 + M1 : x1 - y1;
  }
  s.set([x1, x2, x3, y1, y2, y3]);
}

/**
 * The same in C, for `m` generators side by side whose words lie in arrays
 * `s[0]` … `s[5]` of uint32_t: the numbers come in `z[0]` … `z[m - 1]`. The
 * loop has no branches, so that a vector of generators is one.
 */
export const DRAW_TEXT = `
static inline void KERNEL_draw(uint32_t s[6][KERNEL_ROWS], uint32_t *z, int m) {
  const uint32_t m1 = ${M1}u, m2 = ${M2}u;
  for (int j = 0; j < m; j++) {
    uint32_t x2 = s[1][j], x3 = s[2][j], y1 = s[3][j], y3 = s[5][j];
    uint32_t x = ((x2 & 511u) << 22) + (x2 >> 9) + ((x3 & 16777215u) << 7) + (x3 >> 24);
    x = x >= m1 ? x - m1 : x;
    x += x3;
    x = x >= m1 ? x - m1 : x;
    uint32_t y = ((y1 & 65535u) << 15) + 21069u * (y1 >> 16);
    uint32_t w = ((y3 & 65535u) << 15) + 21069u * (y3 >> 16);
    y = y >= m2 ? y - m2 : y;
    w = w >= m2 ? w - m2 : w;
    w += y3;
    w = w >= m2 ? w - m2 : w;
    y += w;
    y = y >= m2 ? y - m2 : y;
    s[2][j] = x2;
    s[1][j] = s[0][j];
    s[0][j] = x;
    s[5][j] = s[4][j];
    s[4][j] = y1;
    s[3][j] = y;
    z[j] = x <= y ? x - y + m1 : x - y;
  }
}`;

type Matrix = readonly (readonly bigint[])[];

/** One step of each recurrence, as a matrix over its three words. */
const STEPS: readonly (readonly [step: Matrix, modulus: bigint])[] = [
  [[[0n, 1n << 22n, 129n], [1n, 0n, 0n], [0n, 1n, 0n]], BigInt(M1)],
  [[[1n << 15n, 0n, 32769n], [1n, 0n, 0n], [0n, 1n, 0n]], BigInt(M2)],
];

/** A jump ahead: what it makes of the six words of a state. */
export type Jump = (state: Int32Array) => Int32Array;

/**
 * 2^k steps at once. Streams of random numbers are 2^134 steps apart and
 * substreams 2^72, so that none meets another: L'Ecuyer, Simard, Chen and
 * Kelton, Operations Research 50 (2002).
 */
export function jump(k: number): Jump {
  const powers = STEPS.map(([step, m]) => {
    let a = step;
    for (let i = 0; i < k; i++) {
      a = a.map((_, r) =>
        a.map((_, c) =>
          a.reduce((sum, row, j) => sum + a[r]![j]! * row[c]!, 0n) % m
        )
      );
    }
    return { m: Number(m), rows: a.map((row) => row.map(Number)) };
  });
  return (state) =>
    Int32Array.from(
      powers.flatMap(({ m, rows }, half) =>
        rows.map((row) => {
          // Factors of 15 and 16 bits keep every sum below 2^53.
          let high = 0, low = 0;
          row.forEach((a, j) => {
            const word = state[3 * half + j]!;
            high += (a >>> 16) * word;
            low += (a & 65535) * word;
          });
          return ((high % m) * 65536 + low) % m;
        })
      ),
    );
}
