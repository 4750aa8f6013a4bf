/** How a function is compiled and run. */
import { config, LINKERS, OPTIMIZERS } from "../graph/config.ts";
import { describeOther } from "../graph/describe_other.ts";
import { didYouMean } from "../graph/nearest.ts";
import { withDefaults } from "../graph/options.ts";
import type { Rule } from "../rewrite/pattern.ts";
import { takenNames } from "../rewrite/phases.ts";

/** What `new Mode(…)` takes; each absent field is the setting in force. */
export interface ModeOptions {
  /**
   * cvm frees each intermediate after its last use; cvm_nogc keeps them for the
   * next call; c compiles the whole function to one C function (more to
   * compile for each signature, less to do in each call; every op must have C);
   * reference interprets in TypeScript.
   */
  readonly linker?: "cvm" | "cvm_nogc" | "c" | "reference";
  /** Which rewrites run: all, the cheap ones, or none. */
  readonly optimizer?: "fast_run" | "fast_compile" | "none";
  /** Where functions run. */
  readonly device?: "cpu" | "cuda";
  /** Threads a kernel may use. */
  readonly openmp?: number;
  /** Rules to add: one's own (see `rewriteRule`), or the names of those that run only where a mode includes them. */
  readonly including?: readonly (string | Rule)[];
  /** Names of rules and phases to leave out. */
  readonly excluding?: readonly string[];
}

/**
 * How a function is compiled and run. Immutable; `including` and `excluding`
 * give changed copies.
 *
 * ```ts
 * import { function as compile, matrix, Mode } from "damo";
 * const x = matrix("x");
 * const f = compile([x], x.add(1), { mode: new Mode({ linker: "reference" }) });
 * console.log(f([[1, 2]]).toArray()); // [ [ 2, 3 ] ]
 * ```
 */
export class Mode {
  /** What runs a function. */
  readonly linker: NonNullable<ModeOptions["linker"]>;
  /** Which rewrites run. */
  readonly optimizer: NonNullable<ModeOptions["optimizer"]>;
  /** Where functions run. */
  readonly device: NonNullable<ModeOptions["device"]>;
  /** Threads a kernel may use; 0 for as many as there are cores. */
  readonly openmp: number;
  /** Rules besides those of the optimizer. */
  readonly included: readonly (string | Rule)[];
  /** Rules and phases that do not run. */
  readonly excluded: readonly string[];
  /** Every thunk is compared with its op's reference value. */
  readonly debug: boolean = false;

  /**
   * The settings in force, changed by `options`. RangeError: a linker,
   * optimizer, device, rule or phase that is not there. TypeError: an option
   * that is not there, or a rule that is none.
   */
  constructor(options: ModeOptions = {}) {
    const given = withDefaults("make a mode", options, {
      linker: config.linker,
      optimizer: config.optimizer,
      device: config.device,
      openmp: config.threads,
      including: [],
      excluding: config.excluding,
    });
    this.linker = given.linker;
    this.optimizer = given.optimizer;
    this.device = given.device;
    this.openmp = given.openmp;
    this.included = given.including;
    this.excluded = given.excluding;
    checkName("linker", this.linker, LINKERS);
    checkName("optimizer", this.optimizer, OPTIMIZERS);
    checkIncluded(this.included);
    checkExcluded(this.excluded, this.included);
    if (this.device !== "cpu") {
      throw new RangeError(
        `Cannot compile for device ${this.device}: there is cpu`,
      );
    }
  }

  /** This mode with these rules besides: one's own, or names of those that run only where a mode includes them. */
  including(...rules: (string | Rule)[]): Mode {
    return this.#with({ including: [...this.included, ...rules] });
  }

  /** This mode without these rules or phases. */
  excluding(...names: string[]): Mode {
    return this.#with({ excluding: [...this.excluded, ...names] });
  }

  #with(change: ModeOptions): Mode {
    const { linker, optimizer, device, openmp, included, excluded } = this;
    const Same = this.constructor as new (options: ModeOptions) => Mode;
    return new Same({
      linker,
      optimizer,
      device,
      openmp,
      including: included,
      excluding: excluded,
      ...change,
    });
  }
}

/** Runs every thunk against its op's reference value, with poisoned buffers, and checks what ops claim of views and writes. Slow. */
export class DebugMode extends Mode {
  /** Always. */
  override readonly debug = true;
}

function checkName(what: string, name: string, all: readonly string[]): void {
  if (all.includes(name)) return;
  throw new RangeError(
    `Cannot make a mode: there is no ${what} ${name}, but ${all.join(", ")}`,
  );
}

/** TypeError: something else than rules and names. RangeError: a name that no rule has. */
function checkIncluded(included: Mode["included"]): void {
  checkList("including", included);
  const { rules, phases } = takenNames();
  for (const rule of included) {
    if (typeof rule !== "string") {
      if (typeof rule?.rewrite === "function") continue;
      throw new TypeError(
        `Cannot make a mode: expected rules to include, or their names, got ${
          describeOther(rule)
        }`,
      );
    }
    if (phases.has(rule)) {
      throw new RangeError(
        `Cannot make a mode: ${rule} is a phase, and only rules are included; the optimizer says which phases run`,
      );
    }
    if (!rules.has(rule)) throw noRule("rule to include", rule, rules);
  }
}

/** TypeError: something else than names. RangeError: a name that no rule or phase has. */
function checkExcluded(
  excluded: Mode["excluded"],
  included: Mode["included"],
): void {
  checkList("excluding", excluded);
  const { rules, phases } = takenNames();
  const known = new Set([
    ...rules,
    ...phases,
    ...included.map((rule) => typeof rule === "string" ? rule : rule.name),
  ]);
  for (const name of excluded) {
    if (typeof name !== "string") {
      throw new TypeError(
        `Cannot make a mode: expected names of rules or phases to exclude, got ${
          describeOther(name)
        }`,
      );
    }
    if (!known.has(name)) throw noRule("rule or phase to exclude", name, known);
  }
}

function checkList(option: string, list: unknown): void {
  if (Array.isArray(list)) return;
  throw new TypeError(
    `Cannot make a mode: ${option} is ${describeOther(list)}, expected a list`,
  );
}

function noRule(
  what: string,
  name: string,
  names: ReadonlySet<string>,
): RangeError {
  return new RangeError(
    `Cannot make a mode: there is no ${what} named ${name}${
      didYouMean(name, names) || "; deno task rules prints them all"
    }`,
  );
}

/** The mode that an option names. */
export function asMode(
  mode: Mode | ModeOptions | ModeOptions["linker"] | undefined,
): Mode {
  if (mode instanceof Mode) return mode;
  return new Mode(typeof mode === "string" ? { linker: mode } : mode);
}
