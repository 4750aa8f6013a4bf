/** What the machine's processor is and can do. */
import { readSystemFile } from "./libc.ts";

/** A processor; the same for every core. */
export interface Cpu {
  readonly model: string;
  /** Instruction sets by Linux's names, such as `avx2`; empty on other systems. */
  readonly features: ReadonlySet<string>;
  /** Equal on two machines only if code compiled for one runs on the other. */
  readonly identity: string;
}

let known: Cpu | undefined;

/** The processor that this process runs on. */
export function cpu(): Cpu {
  return known ??= describe(readSystemFile("/proc/cpuinfo"));
}

function describe(cpuinfo: string): Cpu {
  const field = (name: string) =>
    new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuinfo)?.[1]?.trim() ?? "";
  const { os, arch } = Deno.build;
  const features = field("(?:flags|Features)");
  const model = field("model name") || `${os} ${arch}`;
  const numbers = ["vendor_id", "cpu family", "model", "CPU part"].map(field);
  return {
    model,
    features: new Set(features.split(" ").filter((name) => name !== "")),
    identity: [os, arch, model, ...numbers, features].join("\n"),
  };
}

/** Bytes of a vector register that Linux reports: 64 with AVX-512, 32 with AVX2, else 16. */
export function vectorBytes({ features }: Cpu): 16 | 32 | 64 {
  if (features.has("avx512f") && features.has("avx512vl")) return 64;
  const isIntelMac = Deno.build.os === "darwin" && Deno.build.arch === "x86_64";
  return features.has("avx2") || isIntelMac ? 32 : 16;
}

/** Bytes of the caches of a core: L1 data, L2, and the shared L3; usual sizes where the system does not say. */
export function cacheBytes(): [number, number, number] {
  const bytes: [number, number, number] = [32768, 1048576, 8388608];
  for (let index = 0; index < 8; index++) {
    const at = `/sys/devices/system/cpu/cpu0/cache/index${index}`;
    const level = Number(readSystemFile(`${at}/level`));
    if (level < 1 || level > 3) break;
    if (readSystemFile(`${at}/type`).trim() === "Instruction") continue;
    const size = /^(\d+)([KM])/.exec(readSystemFile(`${at}/size`));
    if (!size) continue;
    bytes[level - 1] = Number(size[1]) * (size[2] === "K" ? 1024 : 1048576);
  }
  return bytes;
}
