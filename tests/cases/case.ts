/** The form of a recorded case, as the README beside the recordings describes it. */

/** What JSON holds. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A recorded value: a few numbers, or the bytes of all elements in base64. */
export interface RecordedArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string | readonly (number | string)[];
  /** The test passed a plain number or list. */
  readonly py?: boolean;
  readonly sparse?: string;
}

/** What is recorded of a variable. */
export interface RecordedVariable {
  readonly id: string;
  readonly name?: string;
  readonly dtype: string;
  readonly ndim: number;
  readonly broadcastable: readonly boolean[];
  readonly sparse?: string;
}

/** A variable that a call passes. */
export interface RecordedInput extends RecordedVariable {
  readonly default?: RecordedArray;
  readonly allowDowncast?: boolean;
  readonly strict?: boolean;
  readonly mutable?: boolean;
  readonly intermediate?: boolean;
}

/** A constant; `none` stands for an absent operand. */
export interface RecordedConstant extends RecordedVariable {
  readonly value: RecordedArray;
  readonly none?: boolean;
}

/** A shared variable. */
export interface RecordedShared extends RecordedVariable {
  readonly value: RecordedArray;
  readonly defaultUpdate?: string;
}

/** Attributes of a node. */
export type Attrs = { readonly [name: string]: Json };

/** One application. */
export interface RecordedNode {
  readonly id: string;
  readonly op: string;
  readonly attrs?: Attrs;
  readonly inputs: readonly string[];
  readonly outputs: readonly (string | null)[];
  readonly outTypes: readonly (string | null)[];
  readonly updateOutputs?: readonly (readonly [string, string])[];
}

/** The graph inside a scan. */
export interface InnerGraph {
  readonly args: readonly string[];
  readonly nodes: readonly RecordedNode[];
  readonly outputs: readonly string[];
  readonly updates: readonly (readonly [string, string])[];
  readonly until: string | null;
}

/** One call of the compiled function. */
export interface RecordedCall {
  readonly in: readonly (RecordedArray | null)[];
  readonly out?: readonly RecordedArray[];
  readonly set?: { readonly [id: string]: RecordedArray };
  readonly sharedAfter?: { readonly [id: string]: RecordedArray };
  readonly error?: string;
}

/** One compiled function and its calls, or a graph that could not be built. */
export interface Case {
  readonly id: string;
  readonly category: string;
  readonly features: readonly string[];
  readonly kind: "function" | "verify_grad" | "construct";
  readonly replay: string;
  readonly floatX: "float32" | "float64";
  readonly nodes: readonly RecordedNode[];
  readonly inputs: readonly RecordedInput[];
  readonly constants: readonly RecordedConstant[];
  readonly shared: readonly RecordedShared[];
  readonly updates?: readonly (readonly [string, string])[];
  readonly givens?: readonly (readonly [string, string])[];
  readonly free?: readonly (RecordedVariable & { readonly given: boolean })[];
  readonly outputs: readonly string[];
  readonly outputForm?: "single" | "list" | "dict" | "none";
  readonly outputKeys?: readonly string[];
  readonly options?: {
    readonly allowInputDowncast?: boolean;
    readonly onUnusedInput?: "raise" | "warn" | "ignore";
    readonly noDefaultUpdates?: boolean;
  };
  readonly calls: readonly RecordedCall[];
  readonly rtol?: number;
  readonly atol?: number;
  readonly expect_error?: boolean;
  readonly stage?: "construct" | "compile" | "call";
  readonly failing?: {
    readonly op: string;
    readonly attrs?: Attrs;
    readonly inputs: readonly string[];
  };
}

/** A case that cannot be replayed, and why. */
export class Skip extends Error {}

/** A case that is not understood: the adapter must learn it. */
export class Unreadable extends Error {}

/** The cases of the gzip JSONL files of a folder, in the order of their names. */
export async function readCases(folder: string): Promise<Case[]> {
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".jsonl.gz")).sort();
  const cases: Case[] = [];
  for (const name of names) {
    const file = await Deno.open(`${folder}/${name}`);
    const text = await new Response(
      file.readable.pipeThrough(new DecompressionStream("gzip")),
    ).text();
    for (const line of text.split("\n")) if (line) cases.push(JSON.parse(line));
  }
  return cases;
}
