/** Other programs, run for a command in sight of its user. */

/** Runs a program that says what it does to the user, and asks nothing; its exit code. NotFound: there is no such program. */
export function inSight(program: string, args: readonly string[]): number {
  return new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync().code;
}
