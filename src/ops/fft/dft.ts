/** Reference values: discrete Fourier transforms of complex numbers. */

/** A line of complex numbers. */
export interface Line {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Σ x_j e^(∓2πi jk/n), by the smallest factor of the length. */
export function transformed(
  { re, im }: Line,
  sign: 1 | -1,
): Line {
  const n = re.length, made = blank(n);
  if (n <= 1) return { re, im };
  let r = 2;
  while (r * r <= n && n % r !== 0) r++;
  if (n % r !== 0) r = n;
  const m = n / r;
  const parts = Array.from({ length: r }, (_, j) =>
    transformed({
      re: Float64Array.from({ length: m }, (_, i) => re[i * r + j]!),
      im: Float64Array.from({ length: m }, (_, i) => im[i * r + j]!),
    }, sign));
  for (let k = 0; k < n; k++) {
    parts.forEach((part, j) => {
      const [c, s] = turnOf(j * k % n, n),
        x = part.re[k % m]!,
        y = part.im[k % m]!;
      made.re[k]! += x * c - sign * y * s;
      made.im[k]! += sign * x * s + y * c;
    });
  }
  return made;
}

/** Zeros. */
export function blank(n: number): Line {
  return { re: new Float64Array(n), im: new Float64Array(n) };
}

/** e^(2πi k/n), exact at quarters. */
function turnOf(k: number, n: number): [number, number] {
  const quarter = Math.round(4 * k / n),
    r = (4 * k - quarter * n) / n * (Math.PI / 2);
  const c = Math.cos(r), s = Math.sin(r);
  return quarter % 4 === 0
    ? [c, s]
    : quarter % 4 === 1
    ? [-s, c]
    : quarter % 4 === 2
    ? [-c, -s]
    : [s, -c];
}

/** Transforms one axis of an array of complex numbers that lie in pairs. */
export function alongAxis(
  x: Float64Array,
  shape: readonly number[],
  axis: number,
  sign: 1 | -1,
): void {
  const n = shape[axis]!,
    after = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  if (x.length === 0) return;
  for (let start = 0; start < x.length / 2; start += n * after) {
    for (let a = 0; a < after; a++) {
      const place = (i: number) => 2 * (start + i * after + a);
      const line = blank(n);
      for (let i = 0; i < n; i++) {
        line.re[i] = x[place(i)]!;
        line.im[i] = x[place(i) + 1]!;
      }
      const { re, im } = transformed(line, sign);
      for (let i = 0; i < n; i++) {
        x[place(i)] = re[i]!;
        x[place(i) + 1] = im[i]!;
      }
    }
  }
}
