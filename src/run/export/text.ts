/** The C text of an exported function: its header and its source. */
import { type Dtype, DTYPES, type TypedArray } from "../../graph/dtype.ts";
import { list, literal, quote, words } from "./c_literals.ts";

/** A length in C: a number, the name of a parameter, or null where only the call will tell. */
export type Dim = number | string | null;

/** An input, output or shared variable. */
export interface Port {
  /** In C, unique. */
  readonly name: string;
  readonly slot: number;
  readonly dtype: Dtype;
  readonly dims: readonly Dim[];
}

/** A shared variable and its first value. */
export interface Kept extends Port {
  /** Null for row-major. */
  readonly strides: readonly number[] | null;
  readonly lengths: readonly number[];
  readonly value: TypedArray;
  /** The word of the image that says where it is. */
  readonly word: number;
}

/** Two lengths that a call finds equal, or refuses. */
export interface Equal {
  readonly name: string;
  readonly length: string;
  readonly other: string;
}

/** All that is written. */
export interface Project {
  /** What C names begin with. */
  readonly name: string;
  /** `int NAME_run(Vm *vm)` and its kernels. */
  readonly run: string;
  readonly image: BigInt64Array;
  readonly home: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly shared: readonly Kept[];
  /** Lengths that a caller passes behind the inputs, and what they are in the example. */
  readonly lengths: readonly (readonly [name: string, example: number])[];
  readonly equal: readonly Equal[];
  /** For each instruction. */
  readonly sites: readonly Site[];
  /** Headers that kernels include. */
  readonly headers: readonly string[];
  readonly blas: BlasUse | null;
  /** The compiler, and the flags that make the same bits. */
  readonly compiler: readonly string[];
  readonly flags: readonly string[];
  /** Files in damo/ that are compiled. */
  readonly sources: readonly string[];
}

/** What an instruction computes, and where it was made; with no op, why it is refused; and what it says if it fails, where that is its own. */
export interface Site {
  readonly op: string | null;
  readonly where: string;
  readonly says?: string | undefined;
}

/** The functions of a BLAS, and of its LAPACK, that kernels call. */
export interface BlasUse {
  readonly path: string;
  readonly prefix: string;
  readonly functions: readonly string[];
  readonly lapack: readonly string[];
  /** It can be told to run on one thread. */
  readonly setsThreads: boolean;
}

/** What a user includes: each function with its meaning. */
export function headerText(p: Project): string {
  const { name, inputs, outputs, shared } = p,
    guard = `${name}_H`;
  const about = (v: Port) => `**   ${v.name}: ${v.dtype} ${shapeText(v.dims)}`;
  return `/*
** ${name}.h - a function that Damo compiled. Arrays are row-major. Nothing is
** shared between two ${name}s: each may be used by a thread of its own.
*/
#ifndef ${guard}
#define ${guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ${name} ${name};

/* The function, with shared variables as they were when it was exported. NULL: no memory. */
${name} *${name}_new(void);
void ${name}_free(${name} *f);

/*
** Computes the outputs and takes the updates. Arguments are looked at, not
** copied: they must stay until the outputs have been read.
${inputs.map(about).join("\n") || "**   none"}
** Returns 0, or a code: then ${name}_error says why, and shared variables are as before.
*/
int ${callText(p)};

/* Why the last call failed. */
const char *${name}_error(const ${name} *f);
${
    outputs.map((v) => `
/* The output ${v.name} of the last call, if that returned 0: ${v.dtype} ${
      shapeText(v.dims)
    }. */
${readers(p, v)}`).join("")
  }${
    shared.map((v) => `
/* The shared variable ${v.name}: ${v.dtype} ${
      shapeText(v.dims)
    }. To set it gives 0, or a code if there is no memory. */
${readers(p, v)}int ${setterText(p, v)};
`).join("")
  }
#ifdef __cplusplus
}
#endif

#endif
`;
}

/** The function: its program, its data, and what the header declares. */
export function sourceText(p: Project): string {
  const { name, inputs, outputs, shared, blas } = p;
  return `/* ${name}.c - kernels, the program that calls them, its data, and the functions of ${name}.h. */
#define ${name} Function /* the type: there may be a function of that name below */
#include "${name}.h"
#undef ${name}
#include "damo/exported.h"
${p.headers.map((h) => `#include "damo/${h}"\n`).join("")}
#include <math.h>

/* ---- The program ---- */

${p.run}
/* ---- Its data ---- */

static const int64_t IMAGE[] = ${list(p.image, (n) => `${n}`)};
static const uint64_t HOME[] = ${
    list(words(p.home), (n) => `0x${n.toString(16)}`)
  };
static const Site SITES[] = ${
    list(
      p.sites,
      ({ op, where, says }) =>
        `{${
          [op, where, says ?? null].map((s) => s === null ? "NULL" : quote(s))
            .join(", ")
        }}`,
      1,
    )
  };
${blas ? blasText(blas) : ""}${
    shared.map((v) =>
      `static const ${DTYPES[v.dtype].c} ${v.name}_value[] = ${
        list<number | bigint>(v.value, (x) => literal(x, v.dtype))
      };\n`
    ).join("")
  }static const Port INPUTS[] = ${
    list(inputs, (v) => `{.name = "${v.name}", .slot = ${v.slot}}`, 1)
  };
static const Port SHARED[] = ${list(shared, sharedText, 1)};
static const Exported EXPORTED = {
  .run = ${name}_run, .image = IMAGE, .words = ${p.image.length}, .home = HOME,
  .blas = ${blas ? "&BLAS" : "NULL"}, .sites = SITES,
  .n_inputs = ${inputs.length}, .n_shared = ${shared.length}, .inputs = INPUTS, .shared = SHARED
};

/* ---- The functions of ${name}.h ---- */

Function *${name}_new(void) {
${
    blas?.setsThreads
      ? `  ${blas.prefix}openblas_set_num_threads(1); /* as in Damo: other splits round otherwise */\n`
      : ""
  }  return (Function *)model_new(&EXPORTED);
}

void ${name}_free(Function *f) { model_free((Model *)f); }

const char *${name}_error(const Function *f) { return ((const Model *)f)->message; }

int ${callText(p, "Function")} {
${
    p.equal.map(({ name: n, length, other }) =>
      `  if (${length} != ${other}) return model_refuse((Model *)f, ${
        quote(n)
      }, ${length}, ${other});\n`
    ).join("")
  }${
    inputs.map(({ name: x, dims }, i) =>
      `  model_input((Model *)f, ${i}, ${x}, ${shapeOf(dims)});\n`
    ).join("")
  }  return model_call((Model *)f);
}
${
    [...outputs, ...shared].map((v) => `
void ${
      getterText(p, v, "Function")
    } { model_read((const Model *)f, ${v.slot}, to); }
${
      v.dims.includes(null)
        ? `int64_t ${
          lengthText(p, v, "Function")
        } { return model_length((const Model *)f, ${v.slot}, axis); }\n`
        : ""
    }`).join("")
  }${
    shared.map((v, i) => `
int ${setterText(p, v, "Function")} { return model_write((Model *)f, ${i}, ${
      shapeOf(v.dims.map((n, axis) => n ?? `n${axis}`))
    }, from); }
`).join("")
  }`;
}

/** The functions of the header, over a type that is called as the function is. */
function callText(
  { name, inputs, lengths }: Project,
  type = name,
): string {
  const values = inputs.map((v) => `const ${DTYPES[v.dtype].c} *${v.name}`),
    more = lengths.map(([n]) => `int64_t ${n}`);
  return `${name}_call(${[`${type} *f`, ...values, ...more].join(", ")})`;
}

function getterText({ name }: Project, v: Port, type = name): string {
  return `${name}_get_${v.name}(const ${type} *f, ${DTYPES[v.dtype].c} *to)`;
}

function lengthText({ name }: Project, v: Port, type = name): string {
  return `${name}_${v.name}_length(const ${type} *f, int axis)`;
}

function setterText({ name }: Project, v: Port, type = name): string {
  const from = `const ${DTYPES[v.dtype].c} *from`;
  const lengths = v.dims.flatMap((n, axis) =>
    n === null ? [`int64_t n${axis}`] : []
  );
  return `${name}_set_${v.name}(${
    [`${type} *f`, from, ...lengths].join(", ")
  })`;
}

/** Declarations of what reads a value. */
function readers(p: Project, v: Port): string {
  const length = v.dims.includes(null) ? `int64_t ${lengthText(p, v)};\n` : "";
  return `void ${getterText(p, v)};\n${length}`;
}

function shapeText(dims: readonly Dim[]): string {
  return `(${dims.map((n) => n ?? "?").join(", ")}${
    dims.length === 1 ? "," : ""
  })`;
}

/** An array in C; -1 for a length that may be any. */
function shapeOf(dims: readonly Dim[]): string {
  return `(const int64_t[]){${dims.map((n) => n ?? -1).join(", ") || "0"}}`;
}

function sharedText(v: Kept): string {
  const { name, slot, dims, strides, lengths, word } = v;
  const shape = shapeOf(dims);
  const fields = [
    `.name = "${name}"`,
    `.slot = ${slot}`,
    `.shape = ${shape}`,
    ...strides ? [`.strides = ${shapeOf(strides)}`] : [],
    `.lengths = ${shapeOf(lengths)}`,
    `.value = ${name}_value`,
    `.word = ${word}`,
  ];
  return `{${fields.join(", ")}}`;
}

function blasText(
  { prefix, functions, lapack, setsThreads }: BlasUse,
): string {
  const extern = (type: string, f: string, symbol: string) =>
    `extern __typeof__(*((${type} *)0)->${f}) ${symbol};\n`;
  const symbol = (f: string) => `${prefix}${f}_`;
  const declared = [
    ...functions.map((f) => extern("Blas", f, `${prefix}cblas_${f}`)),
    ...lapack.map((f) => extern("Lapack", f, symbol(f))),
  ];
  const fields = functions.map((f) => `.${f} = ${prefix}cblas_${f}`);
  if (lapack.length > 0) {
    declared.push(
      `static const Lapack LAPACK = {${
        lapack.map((f) => `.${f} = ${symbol(f)}`).join(", ")
      }};\n`,
    );
    fields.push(".lapack = &LAPACK");
  }
  const set = setsThreads
    ? `extern void ${prefix}openblas_set_num_threads(int n);\n`
    : "";
  return `${declared.join("")}${set}static const Blas BLAS = {${
    fields.join(", ")
  }};\n`;
}
