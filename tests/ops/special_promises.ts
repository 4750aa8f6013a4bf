/** How accurate each special function of doubles is. */

/** Units of 2^-52 of the value, or of `scale` where that is larger, that a function may be wrong by. */
export interface Accuracy {
  readonly units: number;
  /** What rounding on the way is to be measured by, where the value itself may vanish. */
  readonly scale?: (...x: number[]) => number;
}

const one = () => 1;
const amplitude = (x: number) => Math.sqrt(2 / (Math.PI * Math.abs(x)));

export const PROMISES: { readonly [name: string]: Accuracy } = {
  gamma: { units: 4 },
  gammaln: { units: 8, scale: (x) => x > 0 ? 0 : Math.max(1, -x) },
  // Near a pole, the distance from it is what x says of it.
  digamma: {
    units: 8,
    scale: (x) =>
      x > 0 ? 0 : Math.max(1, Math.abs(Math.PI / Math.tan(Math.PI * x))),
  },
  trigamma: { units: 4 },
  polygamma: { units: 32 },
  erfcx: { units: 4 },
  erfinv: { units: 4 },
  erfcinv: { units: 4 },
  i0: { units: 4 },
  i1: { units: 4 },
  j0: { units: 8, scale: amplitude },
  j1: { units: 8, scale: amplitude },
  iv: { units: 64 },
  jv: { units: 256, scale: (_, x) => amplitude(x) },
  gammainc: { units: 1024 },
  gammaincc: { units: 64, scale: one },
  betainc: { units: 1024 },
};
