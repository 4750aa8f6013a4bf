/** Values as C text. */
import type { Dtype } from "../../graph/dtype.ts";

/** Braces around items; C knows no empty arrays. */
export function list<T>(
  items: Iterable<T>,
  text: (item: T) => string,
  perLine = 12,
): string {
  const all = Array.from(items, text), lines: string[] = [];
  for (let i = 0; i < all.length; i += perLine) {
    lines.push(`  ${all.slice(i, i + perLine).join(", ")}`);
  }
  return lines.length === 0 ? "{0}" : `{\n${lines.join(",\n")}\n}`;
}

/** Bytes as words, the last one filled up. */
export function words(bytes: Uint8Array<ArrayBuffer>): BigUint64Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  whole.set(bytes);
  return new BigUint64Array(whole.buffer);
}

/** A string in C, on one line. */
export function quote(text: string): string {
  const plain = text.replace(/["\\]/g, "\\$&").replace(/\?/g, "\\?")
    .replaceAll("\n", "\\n");
  // deno-lint-ignore no-control-regex
  return `"${plain.replace(/[\x00-\x1f]/g, " ")}"`;
}

/** A value in C that reads back as the same. */
export function literal(x: number | bigint, dtype: Dtype): string {
  switch (dtype) {
    case "int64":
      return x === -(2n ** 63n) ? "INT64_MIN" : `INT64_C(${x})`;
    case "uint64":
      return `UINT64_C(${x})`;
    case "float16":
    case "float32":
      return real(
        x as number,
        String(Number((x as number).toPrecision(9))),
        "f",
      );
    case "float64":
      return real(x as number, String(x), "");
    default:
      return String(x);
  }
}

function real(x: number, digits: string, suffix: string): string {
  if (Number.isNaN(x)) return "NAN";
  if (!Number.isFinite(x)) return x < 0 ? "-INFINITY" : "INFINITY";
  if (Object.is(x, -0)) return `-0.0${suffix}`;
  return `${digits}${/[.e]/.test(digits) ? "" : ".0"}${suffix}`;
}
