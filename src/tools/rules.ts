/** The table of rewrite rules: what each does, in which phase, and what it may do to values. */
import { equationOf } from "../rewrite/instance.ts";
import { RULES } from "../rewrite/phases.ts";
import { LOOP_RULES } from "../rewrite/scan/rules.ts";

const HEAD = ["phase", "rule", "licence", "equation"] as const;

/** Prints every rule in the order of the phases, or those whose phase, name or equation contains `word`. */
export function printRules(word = ""): void {
  const rows = [
    ...RULES.map(({ phase, rule }) =>
      [phase, rule.name, rule.licence, equationOf(rule)] as const
    ),
    ...LOOP_RULES.map(({ name, licence, equation }) =>
      ["loops", name, licence, equation] as const
    ),
  ].filter((row) => row.some((cell) => cell.includes(word)));
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length))
  );
  for (const row of [HEAD, ...rows]) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    console.log(cells.join("  ").trimEnd());
  }
  const [, asked] = rows.find((row) => row[2] === "may change NaN/inf") ?? [];
  if (asked) {
    console.log(
      `\nA rule that may change NaN/inf runs only where a mode includes it: new Mode().including("${asked}")`,
    );
  }
  console.log(`\n${rows.length} ${rows.length === 1 ? "rule" : "rules"}`);
}
