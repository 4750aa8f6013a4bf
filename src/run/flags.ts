/** The settings of DAMO_FLAGS: reading them, and showing what is in force. */
import {
  type Config,
  config,
  LINKERS,
  OPTIMIZERS,
  sources,
} from "../graph/config.ts";
import { cacheDirectory } from "../build/store.ts";

/** How one setting is written. */
interface Setting {
  /** For messages: what it may be. */
  readonly allowed: string;
  /** The value, or undefined if it is none of the allowed. */
  readonly parse: (text: string) => Config[keyof Config] | undefined;
}

/** Every setting, in the order in which they are shown. */
const SETTINGS: { readonly [name in keyof Config]: Setting } = {
  floatX: oneOf("float16", "float32", "float64"),
  device: oneOf("cpu", "cuda"),
  linker: oneOf(...LINKERS),
  optimizer: oneOf(...OPTIMIZERS),
  excluding: {
    allowed: "names of rules or phases, with : between",
    parse: (text) => text.split(":").filter((name) => name !== ""),
  },
  threads: {
    allowed: "a number, 0 for as many as there are cores",
    parse: (text) => /^\d{1,4}$/.test(text) ? Number(text) : undefined,
  },
  cache: anyText("a directory"),
  cc: anyText("a command"),
  blas: anyText("a path, or none"),
  profile: flag(),
  onUnusedInput: oneOf("raise", "warn", "ignore"),
  allowInputDowncast: flag(),
};

function oneOf(...values: readonly Config[keyof Config][]): Setting {
  return {
    allowed: values.join(", "),
    parse: (text) => values.find((value) => value === text),
  };
}

function flag(): Setting {
  const meanings: Record<string, boolean> = {
    true: true,
    1: true,
    false: false,
    0: false,
  };
  return { allowed: "true, false", parse: (text) => meanings[text] };
}

function anyText(allowed: string): Setting {
  return { allowed, parse: (text) => text };
}

const NAMES = Object.keys(SETTINGS) as readonly (keyof Config)[];

/**
 * The settings that a text such as `floatX=float64,threads=2` gives; the last
 * of several for one name holds.
 *
 * @throws RangeError: a name or a value that does not exist, with those that do.
 */
export function parseFlags(text: string): Partial<Config> {
  const settings: Record<string, unknown> = {};
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const [name = "", ...rest] = part.split("=");
    const setting = SETTINGS[name.trim() as keyof Config];
    if (!Object.hasOwn(SETTINGS, name.trim()) || !setting) {
      throw new RangeError(
        `Cannot read DAMO_FLAGS: there is no setting ${name.trim()}; there are ${
          NAMES.join(", ")
        }`,
      );
    }
    const value = rest.length > 0
      ? setting.parse(rest.join("=").trim())
      : undefined;
    if (value === undefined) {
      throw new RangeError(
        `Cannot read DAMO_FLAGS: ${part.trim()} is not one of ${name.trim()}=${setting.allowed}`,
      );
    }
    settings[name.trim()] = value;
  }
  return settings as Partial<Config>;
}

/** What the settings were when the program began. */
let begun: Config | undefined;

/**
 * Checks the permissions and fills `config` from DAMO_FLAGS: mod.ts calls it
 * when it is loaded.
 *
 * @throws RangeError: see parseFlags.
 * @throws Deno.errors.NotCapable: a permission is missing.
 */
export function applyFlags(): void {
  requirePermissions();
  const settings = parseFlags(Deno.env.get("DAMO_FLAGS") ?? "");
  Object.assign(config, settings);
  for (const name of Object.keys(settings) as (keyof Config)[]) {
    sources[name] = "DAMO_FLAGS";
  }
  begun = { ...config };
  Object.defineProperty(config, Symbol.for("Deno.customInspect"), {
    value: describeConfig,
    configurable: true,
  });
  Object.preventExtensions(config); // a misspelt setting would be set for nobody
}

/** Variables of the environment that hold where a setting does not say. */
const VARIABLES: { readonly [name in keyof Config]?: string } = {
  cache: "DAMO_CACHE",
  cc: "CC",
  blas: "DAMO_BLAS",
};

/** The settings in force and where each came from, a line each. */
export function describeConfig(): string {
  const rows = NAMES.map((name) => {
    const [value, source] = inForce(name);
    return [name, value, source] as const;
  });
  const width = (column: 0 | 1) =>
    Math.max(...rows.map((row) => row[column].length));
  return rows.map(([name, value, source]) =>
    `${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${source}`
  ).join("\n");
}

/** A setting's value and source, as they are shown. */
function inForce(name: keyof Config): readonly [string, string] {
  const value = config[name];
  const variable = VARIABLES[name];
  const said = variable === undefined ? undefined : Deno.env.get(variable);
  if (said && (value === "" || name === "cache")) return [said, variable!];
  const shown = Array.isArray(value) ? value.join(":") : String(value);
  const source = begun && value !== begun[name]
    ? "program"
    : sources[name] ?? "default";
  if (shown !== "") return [shown, source];
  return [name === "cache" ? cacheDirectory() : EMPTY[name] ?? "none", source];
}

/** What a setting means that says nothing. */
const EMPTY: { readonly [name in keyof Config]?: string } = {
  cc: "cc, gcc or clang",
  blas: "OpenBLAS where there is one",
};

/**
 * Throws one line, instead of a prompt for each permission.
 *
 * To run a compiler and to write the cache are asked for only when a kernel
 * must be compiled: a user may deny them.
 *
 * @throws Deno.errors.NotCapable
 */
export function requirePermissions(): void {
  const missing = (["ffi", "read", "env", "run", "write"] as const).filter(
    (name) => {
      const { state } = Deno.permissions.querySync({ name });
      const optional = name === "run" || name === "write";
      return state === "prompt" || state === "denied" && !optional;
    },
  );
  if (missing.length === 0) return;
  throw new Deno.errors.NotCapable(
    `Cannot start Damo: it lacks the permissions ${
      missing.join(", ")
    }; run "deno run -A <script>", or "deno run -P <script>" with "permissions" in deno.json`,
  );
}
