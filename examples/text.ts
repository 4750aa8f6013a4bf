/** Text as numbers: Moby Dick, which npm carries, or a file; its characters in streams, part of them held out. */
import * as damo from "damo";
import mobyDick from "moby_dick";

/** Characters that occur less often than this are one symbol. */
const RARE = 10, UNKNOWN = "\uFFFD";

/** A text for training, in streams side by side: symbol `t` of stream `s` is at [t, s]. */
export interface Text {
  /** The character of each symbol. */
  readonly symbols: readonly string[];
  /** int32, [length of a stream, streams]. */
  readonly train: damo.NDArray;
  /** The last tenth of the text, likewise. */
  readonly heldOut: damo.NDArray;
}

/**
 * Reads `file`, or Moby Dick; of `limit` characters at most.
 *
 * @throws RangeError: the text is too short to be cut into `streams`.
 */
export function loadText(
  streams: number,
  { file = "", limit = Infinity }: { file?: string; limit?: number } = {},
): Text {
  const text = file
    ? Deno.readTextFileSync(file)
    : mobyDick().map(({ text }) => text).join("\n");
  const characters = Array.from(text).slice(0, limit);
  const { symbols, codes } = encode(characters);
  const cut = Math.floor(0.9 * codes.length);
  return {
    symbols,
    train: inStreams(codes.subarray(0, cut), streams),
    heldOut: inStreams(codes.subarray(cut), streams),
  };
}

/** Symbols by their code points, so that one text gives the same numbers everywhere. */
function encode(characters: readonly string[]) {
  const counts = new Map<string, number>();
  for (const c of characters) counts.set(c, (counts.get(c) ?? 0) + 1);
  const common = Array.from(counts).filter(([, count]) => count >= RARE);
  const symbols = [UNKNOWN, ...common.map(([c]) => c).sort()];
  const numbers = new Map(symbols.map((c, i) => [c, i]));
  const codes = Int32Array.from(characters, (c) => numbers.get(c) ?? 0);
  return { symbols, codes };
}

function inStreams(codes: Int32Array, streams: number): damo.NDArray {
  const length = Math.floor(codes.length / streams);
  if (length < 2) {
    throw new RangeError(
      `${codes.length} characters are too few for ${streams} streams`,
    );
  }
  const data = new Int32Array(length * streams);
  for (let s = 0; s < streams; s++) {
    for (let t = 0; t < length; t++) {
      data[t * streams + s] = codes[s * length + t]!;
    }
  }
  return damo.array(data, { shape: [length, streams] });
}
