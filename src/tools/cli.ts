/** The commands behind `deno task`. */
import { applyFlags } from "../run/flags.ts";
import { accuracy } from "./accuracy.ts";
import { bench } from "./bench.ts";
import { cacheCommand } from "./cache_cli.ts";
import { doctor } from "./doctor.ts";
import { printRules } from "./rules.ts";
import { setup } from "./setup.ts";
import { printSpecialHeader } from "./special_header.ts";
import { runTests } from "./test.ts";

/** Each takes the words after its name and returns the exit code. */
const COMMANDS: Readonly<Record<string, (words: readonly string[]) => number>> =
  {
    setup(words) {
      setup({ quiet: words.includes("--quiet") });
      return 0;
    },
    doctor: () => doctor() ? 0 : 1,
    cache: ([name]) => cacheCommand(name) ? 0 : 2,
    test: (words) => runTests(words),
    rules([word]) {
      printRules(word);
      return 0;
    },
    special() {
      printSpecialHeader();
      return 0;
    },
    bench: (words) => bench(words),
    accuracy: (words) => accuracy(words),
  };

/** Runs a command; the exit code. */
export function main([name = "", ...words]: readonly string[]): number {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(
      `Cannot do "${name}": there are ${Object.keys(COMMANDS).join(", ")}`,
    );
    return 2;
  }
  try {
    applyFlags();
    return command(words);
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(main(Deno.args));
