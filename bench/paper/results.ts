/** A file of measured cells: each is kept as soon as it is there, and a run that was stopped goes on. */
import { dirname } from "node:path";
import { type Machine, sameMachine } from "../../src/tools/machine.ts";

/** What the file holds. */
export interface Results {
  readonly figure: string;
  readonly machine: Machine;
  /** What was asked for, besides the cells: results of other settings are not mixed. */
  readonly settings: Readonly<Record<string, number | boolean>>;
  /** Cells by name, in the order of measuring. */
  readonly cells: Record<string, unknown>;
}

/** The results of an earlier run with the same machine, sources and settings; else none. */
export function openResults(
  path: string,
  wanted: Omit<Results, "cells">,
): Results {
  const earlier = read(path);
  const same = earlier !== null && earlier.figure === wanted.figure &&
    sameMachine(earlier.machine, wanted.machine) &&
    JSON.stringify(earlier.settings) === JSON.stringify(wanted.settings);
  return same ? earlier : { ...wanted, cells: {} };
}

function read(path: string): Results | null {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch {
    return null;
  }
}

/**
 * Measures a cell that is not there yet, and writes the file. A cell that
 * fails (null, or an error) costs the exit code, not the others.
 */
export function measureInto(
  results: Results,
  name: string,
  path: string,
  measure: () => unknown,
): void {
  if (results.cells[name] !== undefined) return;
  const start = performance.now();
  let made: unknown = null;
  try {
    made = measure();
  } catch (error) {
    console.error((error as Error).message);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.error(`${name}: ${made === null ? "failed after " : ""}${seconds} s`);
  if (made === null) {
    Deno.exitCode = 1;
    return;
  }
  results.cells[name] = made;
  save(path, results);
}

/** Writes the file whole under another name first: a stop leaves the last state. */
function save(path: string, results: Results): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(
    `${path}.part`,
    `${JSON.stringify(results, null, 1)}\n`,
  );
  Deno.renameSync(`${path}.part`, path);
}
