/** The example and the Makefile of an exported function. */
import { type Dtype, DTYPES } from "../../graph/dtype.ts";
import type { Port, Project } from "./text.ts";

/** An example: one call with the arguments that lie beside it. */
export function mainText(p: Project): string {
  const { name, inputs, outputs, shared, lengths } = p;
  const size = (v: Port) =>
    v.dims.map((n, axis) => n ?? `${name}_${v.name}_length(f, ${axis})`)
      .join(" * ") || "1";
  const print = (v: Port) => {
    const { c } = DTYPES[v.dtype];
    return `  {
    const int64_t n = ${size(v)};
    ${c} *value = malloc((size_t)(n ? n : 1) * sizeof *value);
    ${name}_get_${v.name}(f, value);
    printf("${v.name}:");
    for (int64_t i = 0; i < n && i < most; i++) printf(" ${
      formatOf(v.dtype)
    }", (${castOf(v.dtype)})value[i]);
    printf("\\n");
    free(value);
  }
`;
  };
  return `/* main.c - calls ${name} with the arguments in the .bin files beside it, and prints the first values of all it has: main [how many] */
#include "${name}.h"

#include <stdio.h>
#include <stdlib.h>

/* A whole file, and its bytes. */
static void *load(const char *path, int64_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) return perror(path), exit(1), NULL;
  *bytes = ftell(file);
  rewind(file);
  void *data = malloc((size_t)*bytes + 1);
  if (!data || fread(data, 1, (size_t)*bytes, file) != (size_t)*bytes) return perror(path), exit(1), NULL;
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  const int64_t most = argc > 1 ? atoll(argv[1]) : 10;
  ${name} *f = ${name}_new();
  if (!f) return fprintf(stderr, "no memory\\n"), 1;
${
    inputs.map((v) =>
      `  int64_t ${v.name}_bytes;
  void *${v.name} = load("${v.name}.bin", &${v.name}_bytes);
`
    ).join("")
  }${
    lengths.map(([n, example]) => `  const int64_t ${n} = ${example};\n`)
      .join("")
  }${
    inputs.map((v) =>
      `  if (${v.name}_bytes != ${size(v)} * ${
        DTYPES[v.dtype].size
      }) return fprintf(stderr, "${v.name}.bin has another size\\n"), 1;\n`
    ).join("")
  }  if (${name}_call(${
    ["f", ...inputs.map((v) => v.name), ...lengths.map(([n]) => n)].join(", ")
  })) return fprintf(stderr, "%s\\n", ${name}_error(f)), 1;
${[...outputs, ...shared].map(print).join("")}${
    inputs.map((v) => `  free(${v.name});\n`).join("")
  }  ${name}_free(f);
  return 0;
}
`;
}

/** Builds a library and the example. */
export function makefileText(
  { name, compiler, flags, sources, blas }: Project,
): string {
  const objects = [name, ...sources.map((file) => `damo/${file}`)]
    .map((file) => `${file.replace(/\.c$/, "")}.o`).join(" ");
  const directory = blas?.path.replace(/[^/]*$/, "");
  const link = !blas
    ? ""
    : directory
    ? ` ${word(blas.path)} ${word(`-Wl,-rpath,${directory}`)}`
    : ` ${word(`-l:${blas.path}`)}`;
  return `# Makes lib${name}.a and the example main. These flags give the bits that Damo gives on this kind of machine.
CC = ${compiler.map(word).join(" ")}
CFLAGS = -std=gnu11 ${flags.join(" ")}
LDLIBS =${link} -lm
OBJECTS = ${objects}

main: main.o lib${name}.a
\t$(CC) -o $@ main.o lib${name}.a $(LDFLAGS) $(LDLIBS)

lib${name}.a: $(OBJECTS)
\t$(AR) rcs $@ $(OBJECTS)

${name}.o main.o: ${name}.h

clean:
\trm -f main main.o lib${name}.a $(OBJECTS)
`;
}

/** One word of a shell's line in a Makefile. */
function word(text: string): string {
  const plain = text.replaceAll("$", "$$$$");
  return /^[\w@%+=:,./$-]*$/.test(text) && !text.includes("$")
    ? plain
    : `'${plain.replaceAll("'", `'\\''`)}'`;
}

function formatOf(dtype: Dtype): string {
  const { kind, size } = DTYPES[dtype];
  if (kind === "float") return size === 8 ? "%.17g" : "%.9g";
  return dtype === "uint64" ? "%llu" : "%lld";
}

/** The type that printf takes. */
function castOf(dtype: Dtype): string {
  if (DTYPES[dtype].kind === "float") return "double";
  return dtype === "uint64" ? "unsigned long long" : "long long";
}
