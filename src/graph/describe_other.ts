/** What a user passed where something else was expected, for messages. */

/** A few words that name it: what kind of thing, and how large or with which keys. */
export function describeOther(x: unknown): string {
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "bigint") return `${x}n`;
  if (typeof x === "function") return `the function ${x.name || "(unnamed)"}`;
  if (typeof x !== "object" || x === null) return String(x);
  if (Array.isArray(x)) return `a list of ${x.length}`;
  if (ArrayBuffer.isView(x)) {
    return `${x.constructor.name} of ${x.byteLength} bytes`;
  }
  const { toString } = x;
  if (
    typeof toString === "function" && toString !== Object.prototype.toString
  ) {
    return String(x);
  }
  const keys = Object.keys(x);
  return keys.length ? `an object of ${keys.join(", ")}` : "an empty object";
}
