import { assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import { Mode } from "damo";

const x = damo.vector("x");
const own = damo.rewriteRule("own", [damo.sin, "x"], ({ x }) => x);

Deno.test("a rule or phase that is not there is refused with the nearest one", () => {
  const wrong: [() => Mode, string][] = [
    [
      () => new Mode().excluding("fuze"),
      "no rule or phase to exclude named fuze; did you mean fuse?",
    ],
    [
      () => new Mode({ excluding: ["mul_oen"] }),
      "no rule or phase to exclude named mul_oen; did you mean mul_one?",
    ],
    [
      () => new Mode().including("something"),
      "no rule to include named something; deno task rules prints them all",
    ],
    [() => new Mode().including("fuse"), "fuse is a phase"],
    [() => new Mode({ linker: "cv" as "cvm" }), "there is no linker cv"],
  ];
  for (const [make, message] of wrong) {
    assertThrows(make, RangeError, message);
  }
});

Deno.test("what is no rule and no name is refused", () => {
  const mode = new Mode(), loose = (x: unknown) => x as string;
  assertThrows(
    () => mode.including(loose(["a", "b"])),
    TypeError,
    "expected rules to include, or their names, got a list of 2",
  );
  assertThrows(
    () => mode.including(loose(undefined)),
    TypeError,
    "got undefined",
  );
  assertThrows(
    () => mode.excluding(loose(own)),
    TypeError,
    "expected names of rules or phases to exclude",
  );
  assertThrows(
    () => new Mode({ excluding: "fuse" as never }),
    TypeError,
    'excluding is "fuse", expected a list',
  );
  assertThrows(
    () => new Mode({ optimiser: "none" } as never),
    TypeError,
    "did you mean optimizer?",
  );
  assertThrows(
    () => damo.function([x], x, { mode: 3 as never }),
    TypeError,
    "Cannot make a mode: expected options, got 3",
  );
});

Deno.test("rules, phases, rules about loops and rules of one's own have names", () => {
  const mode = new Mode().including(own, "mul_zero_float")
    .excluding("fuse", "mul_one", "scan_constants", "own");
  assertEquals(mode.excluded.length, 4);
});

Deno.test("a setting that is not there is not set in silence", () => {
  assertThrows(
    () => Object.assign(damo.config, { floatx: "float64" }),
    TypeError,
    "Cannot add property floatx",
  );
});

Deno.test("a setting that excludes what is not there is refused where a mode is made", () => {
  const { excluding } = damo.config;
  damo.config.excluding = ["fuze"];
  try {
    assertThrows(() => new Mode(), RangeError, "did you mean fuse?");
  } finally {
    damo.config.excluding = excluding;
  }
});
