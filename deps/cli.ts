/** Command lines, by the Deno standard library, with types (its npm package has none). */
// @ts-types="./cli.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
