import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { didYouMean } from "../../src/graph/nearest.ts";
import { withDefaults } from "../../src/graph/options.ts";

interface Options {
  readonly axis?: number;
  readonly keepdims?: boolean;
}

const DEFAULTS = { axis: undefined, keepdims: false } as const;

function read(options: unknown): unknown {
  return withDefaults("apply sum", options as Options, DEFAULTS);
}

Deno.test("options come over their defaults; undefined is not given", () => {
  assertEquals(read({ axis: 1 }), { axis: 1, keepdims: false });
  assertEquals(read({ keepdims: undefined }), DEFAULTS);
  assertEquals(DEFAULTS.axis, undefined);
  assertStrictEquals(read({}), DEFAULTS, "nothing is copied for nothing");
});

Deno.test("an option that is not there is refused with the nearest one", () => {
  const wrong: [unknown, string][] = [
    [{ axs: 0 }, "no option axs, but axis, keepdims; did you mean axis?"],
    [{ keep_dims: true }, "did you mean keepdims?"],
    [{ toString: 1 }, "there is no option toString"],
    [{ color: "red" }, "there is no option color, but axis, keepdims"],
  ];
  for (const [given, message] of wrong) {
    assertThrows(() => read(given), TypeError, message);
  }
});

Deno.test("what is no options object is refused with how one is written", () => {
  class Other {
    x = 1;
  }
  const wrong: [unknown, string][] = [
    [0, "expected options, got 0; axis is written { axis: 0 }"],
    [[0, 1], "got a list of 2; axis is written { axis: [0, 1] }"],
    ["rows", 'axis is written { axis: "rows" }'],
    [1n, "got 1n"],
    [null, "got null"],
    [new Float32Array(2), "got Float32Array of 8 bytes"],
    [new Other(), "got an object of x"],
  ];
  for (const [given, message] of wrong) {
    assertThrows(() => read(given), TypeError, message);
  }
});

Deno.test("names are near by letters, whatever their case and underscores", () => {
  const names = ["updates", "givens", "allowInputDowncast", "mode", "name"];
  assertEquals(didYouMean("updats", names), "; did you mean updates?");
  assertEquals(didYouMean("udpates", names), "; did you mean updates?");
  assertEquals(
    didYouMean("allow_input_downcast", names),
    "; did you mean allowInputDowncast?",
  );
  assertEquals(didYouMean("nme", names), "; did you mean name?");
  assertEquals(didYouMean("profile", names), "");
});
