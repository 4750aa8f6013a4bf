/** All images of one digit. */
export interface Digit {
  readonly id: number;
  /** Pixels in [0, 1], 784 an image. */
  readonly raw: readonly number[];
  /** The number of images. */
  readonly length: number;
}

/** The ten digits, in order. */
declare const mnist: readonly Digit[];
export default mnist;
