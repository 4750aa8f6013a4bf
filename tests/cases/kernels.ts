/** Kernels of many cases, compiled together before they run. */
import type * as damo from "damo";
import type { Kernel } from "../../src/lower/program.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { convert } from "../../src/run/convert.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { asMode } from "../../src/run/mode.ts";
import { runtime } from "../../src/run/runtime.ts";
import { specify } from "../../src/run/spec.ts";
import type { Case } from "./case.ts";
import { argumentsOf, request } from "./replay.ts";

/** Compiles what the first calls of the cases will run. A case that fails here fails when it is replayed, with its reason. */
export function prepare(
  cases: readonly Case[],
  options: damo.ModeOptions,
): void {
  const machine = runtime();
  if (!machine) return;
  const kernels: Kernel[] = [];
  for (const recorded of cases) {
    if (recorded.calls.length === 0) continue;
    try {
      kernels.push(...kernelsOf(recorded, options));
    } catch {
      continue;
    }
  }
  machine.prepare(kernels);
}

function kernelsOf(recorded: Case, options: damo.ModeOptions): Kernel[] {
  const made = request(recorded, options), mode = asMode(options);
  const spec = specify(made.inputs, made.outputs, made.options);
  const { graph } = optimize(spec.graph, mode);
  const engine = new VmEngine(graph, mode, runtime()!);
  const args = argumentsOf(recorded.calls[0]!);
  return engine.kernels(
    spec.inputs.map((input, i) =>
      convert(
        args[i] ?? input.value!,
        input,
        made.options.allowInputDowncast,
      )
    ),
  );
}
