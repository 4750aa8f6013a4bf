/** Prints csrc/special_math.h from src/ops/elementwise/special_*.ts, so that an algorithm and its constants stand in one place. */

/** What it is printed from, in the order in which C needs it. */
export const SPECIAL_SOURCES: readonly string[] = [
  "src/ops/elementwise/special_tables.ts",
  "src/ops/elementwise/special_series.ts",
  "src/ops/elementwise/special_gamma.ts",
  "src/ops/elementwise/special_error.ts",
  "src/ops/elementwise/special_bessel.ts",
  "src/ops/elementwise/special_incomplete.ts",
  "src/ops/elementwise/special_inverse.ts",
];

/** The functions that ops call; the others serve them. */
const PUBLIC = [
  ...["gamma", "gammaln", "digamma", "trigamma", "polygamma", "erfcx"],
  ...["erfinv", "erfcinv", "i0", "i1", "iv", "j0", "j1", "jv", "gammainc"],
  ...["gammaincc", "gammaincinv", "gammainccinv", "beta", "betaln"],
  ...["betainc", "betaincinv"],
];

const HEAD =
  `/* Special functions of doubles, for kernels that name one. Printed from src/ops/elementwise/special_*.ts by
 * \`deno task special\`: change it there. Each is special_NAME_f64 and, rounded once from that, special_NAME_f32.
 * They have branches and loops, so no vectors are made of them; src/tools/special_promises.ts has their accuracy. */
#ifndef DAMO_SPECIAL_MATH_H
#define DAMO_SPECIAL_MATH_H

#include "vector_math.h"

#ifdef __CUDACC__
#define DAMO_SPECIAL static __device__
#else
#define DAMO_SPECIAL static inline
#endif
`;

/** What C calls the words of TypeScript. */
const WORDS: readonly (readonly [word: RegExp, c: string])[] = [
  [/^import[^;]*;\n/gm, ""],
  [/^\/\*\*/gm, "/*"],
  [
    /^(?:export )?const (\w+): readonly number\[\] = \[/gm,
    "static const double $1[] = {",
  ],
  [/^\];/gm, "};"],
  [
    /^(?:export )?function (\w+)\(([^)]*)\): number \{/gm,
    "DAMO_SPECIAL double $1($2) {",
  ],
  [/(\w+): readonly number\[\]/g, "const double *$1"],
  [/(\w+): number\b/g, "double $1"],
  [/\bfor \(let /g, "for (int "],
  [/^( +)(?:let|const) /gm, "$1double "],
  [/\]!/g, "]"],
  [/,(\s*\))/g, "$1"],
  [/([!=])==/g, "$1="],
  [/\b(\w+)\.length\b/g, "(int)(sizeof $1 / sizeof *$1)"],
  [/\bMath\.PI\b/g, `${Math.PI}`],
  [/\bMath\.fround\(/g, "(double)(float)("],
  [/\bMath\.(\w+)\(/g, "$1_f64("],
  [/\bInfinity\b/g, "DAMO_INF_F64"],
  [/\bNaN\b/g, "DAMO_NAN_F64"],
];

/** The text of csrc/special_math.h, from those of SPECIAL_SOURCES. */
export function specialHeader(sources: readonly string[]): string {
  const text = sources.map((source) =>
    // The comment at the top is about TypeScript.
    WORDS.reduce(
      (c, [word, by]) => c.replace(word, by),
      source.replace(/^\/\*\*[\s\S]*?\*\/\n/, ""),
    ).trim()
  ).join("\n\n");
  const heads = [
    ...text.matchAll(/^(DAMO_SPECIAL double (\w+)\([^)]*\)) \{/gm),
  ];
  const own = new RegExp(
    `\\b(${heads.map(([, , name]) => name).join("|")})\\(`,
    "g",
  );
  const prefixed = (c: string) => c.replace(own, "special_$1(");
  const declared = heads.map(([, head]) => `${prefixed(head!)};`);
  const called = heads.filter(([, , name]) => PUBLIC.includes(name!)).map(
    ([, head, name]) => {
      const names = [...head!.matchAll(/double (\w+)(?=[,)])/g)].map(([, x]) =>
        x!
      );
      const parameters = (type: string) =>
        names.map((x) => `${type} ${x}`).join(", ");
      return `DAMO_SPECIAL double special_${name}_f64(${
        parameters("double")
      }) { return special_${name}(${names.join(", ")}); }
DAMO_SPECIAL float special_${name}_f32(${
        parameters("float")
      }) { return (float)special_${name}(${names.join(", ")}); }`;
    },
  );
  return [
    HEAD,
    ...declared,
    "",
    prefixed(text),
    "",
    ...called,
    "",
    "#endif",
    "",
  ].join("\n");
}

/** Writes the header of this repository anew. */
export function printSpecialHeader(): void {
  const root = new URL("../../", import.meta.url).pathname;
  const sources = SPECIAL_SOURCES.map((name) =>
    Deno.readTextFileSync(`${root}${name}`)
  );
  Deno.writeTextFileSync(`${root}csrc/special_math.h`, specialHeader(sources));
}
