/** A stop before every instruction that may still fail: shared variables are as before, nothing leaks, and the next call is right. */
import { assert, assertEquals } from "@std/assert";
import * as damo from "damo";
import { optimize } from "../../src/rewrite/optimize.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { interpret } from "../../src/run/reference.ts";
import { runtime } from "../../src/run/runtime.ts";
import { specify, type SpecOptions } from "../../src/run/spec.ts";

interface Example {
  readonly name: string;
  /** Built anew for every linker: shared variables belong to one run. */
  build(): {
    readonly inputs: readonly damo.Variable[];
    readonly outputs: readonly damo.Variable[];
    readonly updates: SpecOptions["updates"];
    readonly shared: readonly damo.SharedVariable[];
    readonly values: readonly damo.NDArray[];
  };
}

const negate = damo.defineOp<[x: damo.Variable]>({
  name: "negateInTypeScript",
  arity: 1,
  infer: ([x]) => x,
  eval: ([x]) =>
    new damo.NDArray(
      x.dtype,
      x.shape,
      Float32Array.from(x.flat() as Float32Array, (v) => -v),
    ),
});

const EXAMPLES: readonly Example[] = [
  {
    name: "logistic regression",
    build() {
      const rng = new damo.RandomState(2);
      const x = damo.matrix("x"), y = damo.ivector("y");
      const W = damo.shared(rng.normal(0, 1, [5, 3])),
        b = damo.shared(rng.normal(0, 1, [3]));
      const cost = damo.categoricalCrossentropy(
        damo.softmax(x.dot(W).add(b)),
        y,
      ).mean();
      const [gW, gb] = damo.grad(cost as damo.Variable<0>, [W, b]);
      return {
        inputs: [x, y],
        outputs: [cost],
        updates: [[W, W.sub(gW.mul(0.1))], [b, b.sub(gb.mul(0.1))]],
        shared: [W, b],
        values: [rng.normal(0, 1, [4, 5]), rng.integers(0, 3, [4])],
      };
    },
  },
  {
    name: "branches, a loop, an op without C, and swapped updates",
    build() {
      const x = damo.vector("x"), c = damo.scalar("c");
      const a = damo.shared([1, 2, 3]), b = damo.shared([4, 5, 6]);
      const chosen = damo.ifelse(
        c.gt(0),
        negate(x.add(a)),
        damo.exp(x.mul(b)),
      ) as damo.Variable<1>;
      const [kept] = damo.scan(
        (row, s, k) => [s!.mul(0.5).add(row!), negate(k!.sub(row!))],
        { sequences: chosen, outputsInfo: [0, { initial: 1 }] },
      ) as [damo.Variable[], unknown];
      return {
        inputs: [x, c],
        outputs: [kept[0]!, kept[1]!.sum()],
        updates: [[a, b], [b, a.add(kept[0]! as damo.Variable<1>)]],
        shared: [a, b],
        values: [
          damo.array([0.1, 0.2, 0.3]),
          damo.array(1),
        ],
      };
    },
  },
];

for (const { name, build } of EXAMPLES) {
  for (const linker of ["cvm", "cvm_nogc"] as const) {
    Deno.test(`${linker}: ${name} stops cleanly before every instruction`, () => {
      const mode = new Mode({ linker });
      const made = build(),
        spec = specify(made.inputs, made.outputs, { updates: made.updates! });
      const { graph } = optimize(spec.graph, mode);
      const twin = build(),
        twinSpec = specify(twin.inputs, twin.outputs, {
          updates: twin.updates!,
        });
      const reference = interpret(twinSpec.graph);
      const engine = new VmEngine(graph, mode, runtime()!);
      const state = () => made.shared.map((s) => s.getValue().toArray());
      const check = () => {
        const found = engine.call(made.values, 1);
        const expected = reference.call(twin.values, 1);
        found.forEach((v, i) => close(v, expected[i]!));
        made.shared.forEach((s, i) =>
          close(s.getValue(), twin.shared[i]!.getValue())
        );
      };
      check();
      const { vm, program } = engine.current!;
      let stops = 0;
      for (let fuel = 0;; fuel++) {
        const before = state();
        made.values.forEach((v, i) => vm.setInput(i, v));
        const stop = vm.step(1, fuel);
        if (stop === null) break; // the whole call: bring the twin to the same place
        assertEquals(stop.kind, "stopped");
        if (stop.site.pc >= program.commit) {
          assertEquals(vm.step(0, -1), null);
          break;
        }
        vm.release();
        stops++;
        assertEquals(state(), before);
        assertEquals(vm.live, 0);
      }
      vm.finish();
      reference.call(twin.values, 1);
      check();
      assert(stops >= 4, `only ${stops} stops`);
      engine.free();
    });
  }
}

function close(a: damo.NDArray | number, b: damo.NDArray | number): void {
  const flat = (v: damo.NDArray | number) =>
    typeof v === "number" ? [v] : Array.from(v.flat(), Number);
  const x = flat(a), y = flat(b);
  assertEquals(x.length, y.length);
  x.forEach((v, i) =>
    assert(
      Math.abs(v - y[i]!) <= 1e-5 * Math.max(1, Math.abs(y[i]!)),
      `${v} is not ${y[i]}`,
    )
  );
}
