/** A chapter of the book, or what stands before the first and behind the last. */
export interface Chapter {
  /** Its number, or its name where it has none. */
  readonly chapter: string;
  readonly title: string;
  readonly text: string;
}

/** The chapters in their order, read from the package's files. */
declare function mobyDick(): Chapter[];
export default mobyDick;
