/** Looks into the cache of compiled code, and empties it. */
import { CAPACITY, openStore } from "../build/store.ts";
import { describeBytes } from "./doctor.ts";

const COMMANDS = { list, size, clear };

/** `list` (the default), `size` or `clear`; true if there is such a command. */
export function cacheCommand(name = "list"): boolean {
  if (!Object.hasOwn(COMMANDS, name)) {
    console.error(
      `Cannot do "cache ${name}": there are ${
        Object.keys(COMMANDS).join(", ")
      }`,
    );
    return false;
  }
  COMMANDS[name as keyof typeof COMMANDS]();
  return true;
}

/** Compiled libraries, the most recently used first, with the functions of each. */
function list(): void {
  const store = openStore();
  const libraries = store.list().filter(({ kind }) => kind === "library");
  for (
    const { name, size, used } of libraries.sort((a, b) => b.used - a.used)
  ) {
    const source = store.read(name.replace(/so$/, "c")) ?? "";
    const symbols = Array.from(
      source.matchAll(/^int (\w+)\(Context/gm),
      (match) => match[1]!,
    );
    const date = new Date(used).toISOString().slice(0, 16).replace("T", " ");
    console.log(
      `${date}  ${describeBytes(size).padStart(9)}  ${name}  ${
        symbols.join(" ")
      }`,
    );
  }
}

function size(): void {
  const store = openStore();
  const bytes = store.list().reduce((sum, { size }) => sum + size, 0);
  console.log(
    `${describeBytes(bytes)} of ${
      describeBytes(CAPACITY)
    } in ${store.directory}`,
  );
}

function clear(): void {
  openStore().clear();
}
